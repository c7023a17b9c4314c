import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { AccountRecovery, Mfa, UserPool, UserPoolDomain, UserPoolGroup } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { removalPolicyOf, type Environment } from './environment.ts';

/** The groups of people with more rights than their own images; the API checks them. */
export const GROUPS = {
  reviewers: 'Decide whether images that wait for a review are published',
  operators: 'See executions and the trends of the deployment, and redrive failures',
} as const;

export interface PeopleProps {
  readonly environment: Environment;
  /** Name of the deployment; the address of the sign-in page begins with it. */
  readonly deployment: string;
  /** Whether people may create their own accounts. */
  readonly canSignUp: boolean;
}

/**
 * The people who use the page: the user pool with its groups, and the sign-in page of Cognito. Only Cognito holds names, e-mail addresses and
 * passwords; our tables hold the `sub` of an account.
 */
export class People extends Construct {
  readonly pool: UserPool;
  /** Origin of the sign-in page and of the OAuth endpoints. */
  readonly signInOrigin: string;

  constructor(scope: Construct, id: string, props: PeopleProps) {
    super(scope, id);
    const { canSignUp, deployment, environment } = props;
    this.pool = new UserPool(this, 'Pool', {
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      autoVerify: { email: true },
      deletionProtection: environment.isDataRetained,
      // A new address gets the account's e-mails only after its owner has confirmed it.
      keepOriginal: { email: true },
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: {
        minLength: 12,
        requireDigits: false,
        requireLowercase: false,
        requireSymbols: false,
        requireUppercase: false,
        tempPasswordValidity: Duration.days(7),
      },
      removalPolicy: removalPolicyOf(environment),
      selfSignUpEnabled: canSignUp,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      standardAttributes: { email: { required: true, mutable: true } },
    });
    Validations.of(this.pool).acknowledge(
      { id: 'AwsSolutions-COG1', reason: 'Twelve characters of any kind: NIST SP 800-63B advises length instead of required kinds of characters.' },
      { id: 'AwsSolutions-COG2', reason: 'Each person chooses whether a code is needed as well: most accounts hold private photos of one person.' },
      { id: 'AwsSolutions-COG3', reason: "Threat protection needs Cognito's Plus plan, which has no free tier; the pool's own limits against guessing passwords remain." },
      { id: 'AwsSolutions-COG8', reason: "The Plus plan costs 0.02 dollars a month for each person, and we would use only its threat protection." },
    );
    for (const [groupName, description] of Object.entries(GROUPS)) new UserPoolGroup(this, groupName, { userPool: this.pool, groupName, description });
    this.signInOrigin = new UserPoolDomain(this, 'Domain', {
      userPool: this.pool,
      // Unique in a region among all accounts. Cognito refuses its own names in it.
      cognitoDomain: { domainPrefix: `${deployment.replaceAll(/aws|amazon|cognito/g, 'x')}-${Stack.of(this).account}` },
    }).baseUrl();
  }

  /**
   * The issuer of the tokens. Not `userPoolProviderUrl`, which the emulator does not know.
   */
  get issuer(): string {
    return `${this.accountsEndpoint}/${this.pool.userPoolId}`;
  }

  /** Origin of the calls by which the page revokes tokens. */
  get accountsEndpoint(): string {
    return `https://cognito-idp.${Stack.of(this).region}.amazonaws.com`;
  }
}

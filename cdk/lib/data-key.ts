import { Duration, Stack } from 'aws-cdk-lib';
import { Grant, PolicyStatement, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { removalPolicyOf, type Environment } from './environment.ts';

/** What is done with the key, and the calls which that takes. */
const USES = {
  /** Reading an object from the bucket. */
  decrypt: ['kms:Decrypt'],
  /** Writing an object to the bucket, or a message to a topic. */
  encrypt: ['kms:Decrypt', 'kms:GenerateDataKey'],
  /** Reading and writing items: DynamoDB uses the key in the name of its caller. */
  table: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
} as const;

export interface DataKeyProps {
  readonly environment: Environment;
}

/** The one key that encrypts images, records and messages: it costs a dollar a month, and a bucket key keeps its calls few. */
export class DataKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, props: DataKeyProps) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'sightline: images, records and messages',
      enableKeyRotation: true,
      rotationPeriod: Duration.days(365),
      removalPolicy: removalPolicyOf(props.environment),
    });
    this.letServicesTell();
  }

  /** Alarms and the budget write to an encrypted topic in their services' own names: only the key's policy can let them. */
  private letServicesTell(): void {
    const statement = new PolicyStatement({
      principals: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'].map((service) => new ServicePrincipal(service)),
      actions: [...USES.encrypt],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
    this.key.addToResourcePolicy(statement);
  }

  /** Lets the grantee use the key, with exactly the calls that this use takes. */
  grant(grantee: IGrantable, use: keyof typeof USES): Grant {
    return this.key.grant(grantee, ...USES[use]);
  }
}

import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { OAuthScope, UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { ApiFunction } from './api-function.ts';
import type { Environment } from './environment.ts';
import { Media } from './media.ts';
import type { Settings } from './settings.ts';
import { Site, SiteFiles } from './site.ts';
import type { StatefulStack } from './stateful-stack.ts';
import type { StatelessStack } from './stateless-stack.ts';
import type { FunctionDefaults } from './task-function.ts';
import { WebApi } from './web-api.ts';
import { headersPolicy, webHeaders } from './web-headers.ts';

/** Paths of the page's files. */
export interface WebFiles {
  /** Folder of the built page; a local stack does not need it. */
  readonly dist: string;
  /** The headers of the page, which the local front door sends as well. */
  readonly headers: string;
}

export interface WebStackProps extends StackProps {
  readonly environment: Environment;
  readonly settings: Settings;
  readonly deployment: string;
  readonly defaults: FunctionDefaults;
  readonly files: WebFiles;
  readonly stateful: StatefulStack;
  readonly stateless: StatelessStack;
}

/** The path to which the sign-in page sends people back. */
const SIGNED_IN = '/signed-in';

/** What a person's token may be used for: sign-in, and signing out everywhere. */
const SCOPES = [OAuthScope.OPENID, OAuthScope.EMAIL, OAuthScope.PROFILE, OAuthScope.COGNITO_ADMIN];

/** The page and its API. It can be deleted and deployed again at any time; accounts and images stay. */
export class WebStack extends Stack {
  constructor(scope: Construct, id: string, props: WebStackProps) {
    super(scope, id, { description: 'sightline: the page and its API', ...props });
    const { deployment, environment, settings, stateful, stateless } = props;
    const { people, mediaSecret } = stateful.web();
    const { task } = new ApiFunction(this, 'Api', {
      defaults: props.defaults,
      images: stateful.images,
      records: stateful.records,
      trends: stateful.trends,
      imageAnalysis: stateless.imageAnalysis,
      mediaSecret,
    });
    const api = new WebApi(this, 'HttpApi', { settings, people, task });
    // CloudFront is global, and the CDK's names lack the region: they would allow the page in only one region of an account.
    const globalName = (name: string): string => `${deployment}-${name}-${this.region}`;
    const values = webHeaders(props.files.headers, {
      UploadOrigin: `https://${stateful.images.bucket.bucketRegionalDomainName}`,
      SignInOrigin: people.signInOrigin,
      IssuerOrigin: people.accountsEndpoint,
    });
    const headers = headersPolicy(this, 'Headers', globalName('headers'), values);
    const media = new Media(this, 'Media', {
      images: stateful.images,
      secret: mediaSecret,
      accessName: globalName('media'),
      releaseId: props.defaults.releaseId,
      headers,
    });
    const site = new Site(this, 'Site', {
      settings,
      apiHost: api.host,
      media: media.behavior,
      headers,
      accessName: globalName('site'),
    });
    const client = new UserPoolClient(this, 'Page', {
      userPool: people.pool,
      generateSecret: false,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.minutes(15),
      idTokenValidity: Duration.minutes(15),
      refreshTokenValidity: Duration.days(7),
      authFlows: {},
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: SCOPES,
        callbackUrls: this.origins(site, environment).map((origin) => `${origin}${SIGNED_IN}`),
        logoutUrls: this.origins(site, environment).map((origin) => `${origin}/`),
      },
    });
    api.addRoutes(people, client.userPoolClientId);
    const config = {
      issuer: people.issuer,
      accounts: `${people.accountsEndpoint}/`,
      authorize: `${people.signInOrigin}/oauth2/authorize`,
      token: `${people.signInOrigin}/oauth2/token`,
      logout: `${people.signInOrigin}/logout`,
      clientId: client.userPoolClientId,
      region: this.region,
      scope: SCOPES.map(({ scopeName }) => scopeName).join(' '),
    };
    if (environment.hasSiteFiles) new SiteFiles(this, 'SiteFiles', { site, folder: props.files.dist, config, settings });
    new Alarms(this, 'Alarms', { environment, deployment, topics: stateless.topics }).raiseAbove('api-failures', {
      metric: api.failures,
      above: 0,
      periods: 3,
      description: 'The API of the page has answered with errors of its own (5xx) for 15 minutes.',
    });

    new CfnOutput(this, 'PageUrl', { value: site.origin });
    new CfnOutput(this, 'ApiId', { value: api.api.apiId });
    new CfnOutput(this, 'PageClientId', { value: client.userPoolClientId });
    new CfnOutput(this, 'PageConfig', { value: this.toJsonString(config) });
  }

  /** Where the page may be shown: the local stack also has Vite's server of `make web`. */
  private origins(site: Site, environment: Environment): string[] {
    return environment.hasSiteFiles ? [site.origin] : [site.origin, 'http://127.0.0.1:4569'];
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { edgeSource } from '../lib/media.ts';
import { webHeaders } from '../lib/web-headers.ts';
import { CDK_FOLDER, makeApp, resourceOf, resourcesOf, settingsFile, templatesOf, type Templates } from './app.ts';

let templates: Templates;
beforeAll(() => {
  templates = templatesOf();
});

const DISTRIBUTIONS = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/*']] };
const OWN_DOMAIN = { webOrigin: 'https://photos.example.com', webCertificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab' };

interface Behavior {
  readonly PathPattern?: string;
  readonly AllowedMethods?: string[];
  readonly CachePolicyId: unknown;
  readonly OriginRequestPolicyId?: string;
  readonly ResponseHeadersPolicyId: unknown;
  readonly FunctionAssociations?: { readonly EventType: string; readonly FunctionARN: { 'Fn::GetAtt': [string, string] } }[];
  readonly ViewerProtocolPolicy: string;
}

interface Distribution {
  readonly Aliases?: string[];
  readonly HttpVersion: string;
  readonly DefaultCacheBehavior: Behavior;
  readonly CacheBehaviors: Behavior[];
  readonly Origins: { readonly OriginAccessControlId?: unknown; readonly S3OriginConfig?: object; readonly CustomOriginConfig?: object }[];
  readonly ViewerCertificate?: object;
}

const distributionOf = (template: Template): Distribution =>
  resourceOf(template, 'AWS::CloudFront::Distribution', 'SiteDistribution').Properties.DistributionConfig as Distribution;

describe('the accounts', () => {
  test('have passwords of 12 characters, e-mail addresses as names, and an optional code of an app', () => {
    templates.stateful.hasResourceProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      DeletionProtection: 'ACTIVE',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      MfaConfiguration: 'OPTIONAL',
      Policies: { PasswordPolicy: Match.objectLike({ MinimumLength: 12, RequireNumbers: false }) },
      UsernameAttributes: ['email'],
      UsernameConfiguration: { CaseSensitive: false },
    });
    expect(resourceOf(templates.stateful, 'AWS::Cognito::UserPool', 'PeoplePool').DeletionPolicy).toBe('Retain');
  });

  test('can be members of the groups reviewers and operators', () => {
    const groups = resourcesOf(templates.stateful, 'AWS::Cognito::UserPoolGroup').map(([, { Properties }]) => Properties.GroupName);
    expect(groups).toEqual(['reviewers', 'operators']);
  });

  test('can be created by people themselves only if the settings allow it', () => {
    const open = templatesOf({ settings: settingsFile({ signUp: true }) }).stateful;
    open.hasResourceProperties('AWS::Cognito::UserPool', { AdminCreateUserConfig: { AllowAdminCreateUserOnly: false } });
  });

  test('sign in to the page by code and PKCE, without a secret', () => {
    const { Properties } = resourceOf(templates.web, 'AWS::Cognito::UserPoolClient', 'Page');
    const origin = ['https://', { 'Fn::GetAtt': [expect.stringMatching(/^SiteDistribution/), 'DomainName'] }];
    expect(Properties).toMatchObject({
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid', 'email', 'profile', 'aws.cognito.signin.user.admin'],
      CallbackURLs: [{ 'Fn::Join': ['', [...origin, '/signed-in']] }],
      EnableTokenRevocation: true,
      GenerateSecret: false,
      LogoutURLs: [{ 'Fn::Join': ['', [...origin, '/']] }],
      PreventUserExistenceErrors: 'ENABLED',
      AccessTokenValidity: 15,
    });
  });
});

describe('the API', () => {
  test('needs a token of the page for every call but its own description', () => {
    const routes = resourcesOf(templates.web, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => [Properties.RouteKey, Properties.AuthorizationType]);
    expect(routes).toEqual([
      ['ANY /api/{proxy+}', 'JWT'],
      ['GET /api/openapi.json', 'NONE'],
    ]);
    templates.web.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: {
        Audience: [{ Ref: Match.stringLikeRegexp('^Page') }],
        Issuer: { 'Fn::Join': ['', ['https://cognito-idp.', { Ref: 'AWS::Region' }, '.amazonaws.com/', { 'Fn::ImportValue': Match.stringLikeRegexp('RefPeoplePool') }]] },
      },
    });
  });

  test('is throttled, and logs ids and times, but no query and no address', () => {
    const { Properties } = resourceOf(templates.web, 'AWS::ApiGatewayV2::Stage', 'HttpApiStage');
    expect(Properties.DefaultRouteSettings).toEqual({ ThrottlingBurstLimit: 200, ThrottlingRateLimit: 100 });
    const { Format } = Properties.AccessLogSettings as { Format: string };
    expect(Object.keys(JSON.parse(Format) as object)).toEqual(expect.arrayContaining(['requestId', 'person', 'status', 'milliseconds']));
    expect(Format).not.toMatch(/sourceIp|querystring|header/i);
    const slower = templatesOf({ settings: settingsFile({ apiRequestsPerSecond: 5 }) }).web;
    slower.hasResourceProperties('AWS::ApiGatewayV2::Stage', { DefaultRouteSettings: { ThrottlingBurstLimit: 10, ThrottlingRateLimit: 5 } });
  });

  test('calls the current release of its function, with payloads of version 2.0', () => {
    templates.web.hasResourceProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0', TimeoutInMillis: 29_000 });
    expect(JSON.stringify(resourcesOf(templates.web, 'AWS::ApiGatewayV2::Integration'))).toContain('ApiApiFunctionLive');
  });

  test('raises an alarm if it fails for 15 minutes', () => {
    templates.web.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: 'sightline-api-failures', MetricName: '5xx', EvaluationPeriods: 3 });
  });
});

describe('the images bucket', () => {
  const cors = (template: Template): unknown => resourceOf(template, 'AWS::S3::Bucket', 'ImagesBucket').Properties.CorsConfiguration;
  const rule = (origin: string): object => ({
    CorsRules: [
      {
        AllowedHeaders: ['content-type', 'if-none-match', 'x-amz-*'],
        AllowedMethods: ['GET', 'HEAD', 'PUT'],
        AllowedOrigins: [origin],
        ExposedHeaders: ['etag', 'x-amz-version-id'],
        MaxAge: 3000,
      },
    ],
  });

  test('accepts uploads from the page', () => {
    expect(cors(templates.stateful)).toEqual(rule('https://*.cloudfront.net'));
    expect(cors(templatesOf({ settings: settingsFile(OWN_DOMAIN) }).stateful)).toEqual(rule(OWN_DOMAIN.webOrigin));
  });

  test('lets distributions of this account read pictures, and nothing else', () => {
    const { Properties } = resourceOf(templates.stateful, 'AWS::S3::BucketPolicy', 'ImagesBucketPolicy');
    const { Statement } = Properties.PolicyDocument as { Statement: { Sid?: string }[] };
    expect(Statement.filter(({ Sid }) => Sid === 'ReadPicturesForThePage')).toEqual([
      {
        Action: 's3:GetObject',
        Condition: { ArnLike: { 'aws:SourceArn': DISTRIBUTIONS } },
        Effect: 'Allow',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^ImagesBucket/), 'Arn'] }, '/processed/*']] },
        Sid: 'ReadPicturesForThePage',
      },
    ]);
  });
});

describe('the distribution', () => {
  const functionsOf = (behavior: Behavior | undefined): string[] =>
    (behavior?.FunctionAssociations ?? []).map(({ EventType, FunctionARN }) => `${EventType} ${FunctionARN['Fn::GetAtt'][0].slice(0, -8)}`);

  test('serves the page, its API and its pictures from one origin', () => {
    const { CacheBehaviors, DefaultCacheBehavior, HttpVersion, Origins } = distributionOf(templates.web);
    const [api, media] = CacheBehaviors;
    expect(HttpVersion).toBe('http2and3');
    expect(CacheBehaviors.map(({ PathPattern }) => PathPattern)).toEqual(['/api/*', '/media/*']);
    expect([DefaultCacheBehavior, ...CacheBehaviors].map(functionsOf)).toEqual([
      ['viewer-request SiteSinglePage'],
      [],
      ['viewer-request MediaCheck', 'viewer-response MediaBrowserCache'],
    ]);
    // CachingDisabled and AllViewerExceptHostHeader, AWS's own policies.
    expect([api?.CachePolicyId, api?.OriginRequestPolicyId]).toEqual(['4135ea2d-6df8-44a3-9df3-4b5a84be39ad', 'b689b0a8-53d0-40ab-baf2-68738e2966ac']);
    expect(api?.AllowedMethods).toContain('PATCH');
    expect(media?.AllowedMethods ?? ['GET', 'HEAD']).toEqual(['GET', 'HEAD']);
    expect([DefaultCacheBehavior, ...CacheBehaviors].map(({ ViewerProtocolPolicy }) => ViewerProtocolPolicy)).toEqual(['redirect-to-https', 'https-only', 'https-only']);
    expect(Origins.filter(({ S3OriginConfig }) => S3OriginConfig).every(({ OriginAccessControlId }) => OriginAccessControlId)).toBe(true);
  });

  test('has an own domain only with its certificate', () => {
    expect(distributionOf(templates.web).Aliases).toBeUndefined();
    const own = templatesOf({ settings: settingsFile(OWN_DOMAIN) });
    expect(distributionOf(own.web)).toMatchObject({
      Aliases: ['photos.example.com'],
      ViewerCertificate: { AcmCertificateArn: OWN_DOMAIN.webCertificateArn, MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    own.web.hasResourceProperties('AWS::Cognito::UserPoolClient', { CallbackURLs: ['https://photos.example.com/signed-in'] });
  });

  test('sends every header of web/headers.json with the page, the API and the pictures', () => {
    const expected = JSON.parse(readFileSync(join(CDK_FOLDER, '../web/headers.json'), 'utf8')) as Record<string, string>;
    const policies = resourcesOf(templates.web, 'AWS::CloudFront::ResponseHeadersPolicy');
    expect(policies.map(([id]) => id.slice(0, -8))).toEqual(['Headers']);
    const { CacheBehaviors, DefaultCacheBehavior } = distributionOf(templates.web);
    expect([DefaultCacheBehavior, ...CacheBehaviors].map(({ ResponseHeadersPolicyId }) => ResponseHeadersPolicyId)).toEqual(Array(3).fill({ Ref: policies[0]?.[0] }));
    for (const [, { Properties }] of policies) {
      const { CustomHeadersConfig, SecurityHeadersConfig } = Properties.ResponseHeadersPolicyConfig as {
        CustomHeadersConfig: { Items: { Header: string; Value: string }[] };
        SecurityHeadersConfig: Record<string, Record<string, unknown>>;
      };
      // CloudFront adds these headers to errors as well, which browsers must not keep.
      expect(JSON.stringify(Properties)).not.toContain('cache-control');
      const custom = Object.fromEntries(CustomHeadersConfig.Items.map(({ Header, Value }) => [Header, Value]));
      const csp = JSON.stringify(SecurityHeadersConfig.ContentSecurityPolicy?.ContentSecurityPolicy);
      for (const [name, value] of Object.entries(expected)) {
        if (name === 'content-security-policy') for (const part of value.split(/ ?\$\{\w+\} ?/)) expect(csp).toContain(part.trim());
        else if (name === 'strict-transport-security') expect(SecurityHeadersConfig.StrictTransportSecurity?.AccessControlMaxAgeSec).toBe(63_072_000);
        else if (name === 'x-content-type-options') expect(SecurityHeadersConfig.ContentTypeOptions).toEqual({ Override: true });
        else if (name === 'referrer-policy') expect(SecurityHeadersConfig.ReferrerPolicy?.ReferrerPolicy).toBe(value);
        else expect(custom[name]).toBe(value);
      }
    }
  });

  test('refuses placeholders in the headers that it does not know', () => {
    const origins = { UploadOrigin: 'https://u', SignInOrigin: 'https://s', IssuerOrigin: 'https://i' };
    expect(webHeaders(settingsFile({ a: 'x ${UploadOrigin} y' }), origins)).toEqual({ a: 'x https://u y' });
    expect(() => webHeaders(settingsFile({ a: '${Elsewhere}' }), origins)).toThrow('${Elsewhere}');
  });
});

describe('the files of the page', () => {
  const deployments = (): Record<string, unknown>[] => resourcesOf(templates.web, 'Custom::CDKBucketDeployment').map(([, { Properties }]) => Properties);

  test('are cached for a year if their name has a hash, and asked for each time otherwise', () => {
    const [assets, page] = deployments();
    expect(assets).toMatchObject({ DestinationBucketKeyPrefix: 'assets', SystemMetadata: { 'cache-control': 'public, max-age=31536000, immutable' }, Prune: false });
    expect(page).toMatchObject({ SystemMetadata: { 'cache-control': 'no-cache' }, DistributionPaths: ['/*'] });
  });

  test('leave no log behind when the web stack is deleted', () => {
    const logs = resourcesOf(templates.web, 'AWS::Logs::LogGroup').map(([, { DeletionPolicy }]) => DeletionPolicy);
    expect(logs).toEqual(['Delete', 'Delete', 'Delete']);
  });

  test('are not deployed locally, where the front door serves them', () => {
    expect(resourcesOf(templatesOf({ environment: 'local' }).web, 'Custom::CDKBucketDeployment')).toEqual([]);
  });
});

describe('a deployment without the page', () => {
  test('has no web stack, no accounts, no secret and no access for CloudFront', () => {
    const { app, stateful, stateless, web } = makeApp({ settings: settingsFile({ web: false }) });
    expect(web).toBeUndefined();
    app.synth();
    const text = JSON.stringify([Template.fromStack(stateful).toJSON(), Template.fromStack(stateless).toJSON()]);
    expect(text).not.toMatch(/Cognito|SecretsManager|cloudfront|CorsConfiguration/);
  });
});

interface EdgeRequest {
  uri: string;
  querystring: Record<string, { value: string; multiValue?: object[] }>;
}

interface EdgeResponse {
  readonly statusCode: number;
  readonly headers: Record<string, { value: string }>;
}

type Edge = (event: { request: EdgeRequest } | { response: EdgeResponse }) => EdgeRequest & Partial<EdgeResponse>;

/** Runs the code of a CloudFront Function. */
function edge(name: Parameters<typeof edgeSource>[0], secret = ''): Edge {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is the only way to run a file that is not a module of Node.js.
  const load = new Function('require', `${edgeSource(name).replace('<MEDIA_SECRET>', secret)}\nreturn handler;`) as (require: NodeJS.Require) => Edge;
  return load(createRequire(import.meta.url));
}

describe('a new secret of the links', () => {
  /** The function that signs and the one that checks, in a release. */
  const functions = (release: string): [object, object] => {
    const { web } = templatesOf({ 'release-id': release });
    return [resourceOf(web, 'AWS::Lambda::Function', 'ApiApiFunction').Properties, resourceOf(web, 'AWS::CloudFront::Function', 'MediaCheck').Properties];
  };

  test('is read by a release for both functions, because the release changes both', () => {
    const [[signs, checks], [signsLater, checksLater]] = [functions('1'), functions('2')];
    expect(signsLater).not.toEqual(signs);
    expect(checksLater).not.toEqual(checks);
  });
});

describe('the functions at the edge', () => {
  const SECRET = '0123456789abcdef0123456789abcdef';
  const KEY = 'processed/0f6b3c1e-0000-5000-8000-000000000000/thumbnail.jpg';
  const LATER = String(Math.ceil(Date.now() / 1000) + 60);
  const sign = (key: string, e: string, secret = SECRET): string => createHmac('sha256', secret).update(`${key}\n${e}`).digest('hex');
  const ask = (key: string, e: string, s: string) => edge('media-link', SECRET)({ request: { uri: `/media/${key}`, querystring: { e: { value: e }, s: { value: s } } } });

  test('let a signed link through to its object, without its query string', () => {
    expect(ask(KEY, LATER, sign(KEY, LATER))).toEqual({ uri: `/${KEY}`, querystring: {} });
  });

  test('accept the link that the API signs', () => {
    // The same link is expected in functions/api/src/media.rs.
    expect(sign('processed/an-id/thumbnail.jpg', '1795651200')).toBe('90215ddfce89840a4214816e1f6a98d030ef66ff20871055241e3004de09d316');
  });

  const raw = 'raw-uploads/ann/0f6b3c1e.jpg';
  const up = 'processed/../raw-uploads/x.jpg';
  test.each([
    ['a link without a signature', KEY, LATER, ''],
    ['a link that another secret signed', KEY, LATER, sign(KEY, LATER, 'another')],
    ['a link for another picture', KEY.replace('thumbnail', 'copy'), LATER, sign(KEY, LATER)],
    ['a link with a later end', KEY, `${LATER}0`, sign(KEY, LATER)],
    ['a link that has expired', KEY, '1000', sign(KEY, '1000')],
    ['an original, even with a signature', raw, LATER, sign(raw, LATER)],
    ['a path out of the folder, even with a signature', up, LATER, sign(up, LATER)],
  ])('refuse %s', (_, key, e, s) => {
    expect(ask(key, e, s)).toMatchObject({ statusCode: 403 });
  });

  test('let browsers keep a picture for an hour', () => {
    const answer = edge('picture-cache')({ response: { statusCode: 200, headers: { etag: { value: '"1"' } } } });
    expect(answer.headers).toEqual({ etag: { value: '"1"' }, 'cache-control': { value: 'private, max-age=3600' } });
  });

  test.each([
    ['/', '/index.html'],
    ['/photos/0f6b3c1e', '/index.html'],
    ['/signed-in', '/index.html'],
    ['/assets/index-abc.js', '/assets/index-abc.js'],
    ['/config.json', '/config.json'],
  ])('show %s as %s', (uri, file) => {
    expect(edge('single-page')({ request: { uri, querystring: {} } }).uri).toBe(file);
  });
});

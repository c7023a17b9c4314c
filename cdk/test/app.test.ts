import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { functionId, makeApp, normalised, resourcesOf, settingsFile, templatesOf } from './app.ts';

describe('the app', () => {
  test.each(['aws', 'local'])('has no open finding of cdk-nag: %s', (environment) => {
    const { app } = makeApp({ environment });
    app.synth();
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  });

  test('is checked by cdk-nag: a careless bucket is found', () => {
    const { app, stateful } = makeApp();
    new Bucket(stateful, 'Careless');
    app.synth();
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });

  test('names no account and no region', () => {
    const { stateful, stateless, web } = templatesOf();
    const text = JSON.stringify([stateful.toJSON(), stateless.toJSON(), web.toJSON()]);
    expect(text).not.toMatch(/\b\d{12}\b/);
    expect(text).not.toMatch(/\b(eu|us|ap)-[a-z]+-\d\b/);
  });

  test('can be deployed twice in one account, under two names', () => {
    const { stateful, stateless, web } = makeApp({ name: 'second' });
    expect([stateful, stateless, web].map((stack) => stack?.stackName)).toEqual(['second-stateful', 'second-stateless', 'second-web']);
    expect(JSON.stringify(templatesOf({ name: 'second' }).stateless.toJSON())).not.toMatch(/sightline-(image-analysis|stateful|stateless)/);
  });

  test('can be deployed in two regions of one account: global names contain the region', () => {
    const { stateless, web } = templatesOf({ name: 'a'.repeat(40) });
    const names = GLOBAL_NAMES.flatMap(([type, path, longest]) =>
      [stateless, web].flatMap((template) => resourcesOf(template, type)).map(([id, { Properties }]) => ({ id, longest, name: joined(path(Properties)) })),
    );
    expect(names).toHaveLength(8);
    for (const { id, longest, name } of names) {
      expect(name, id).toContain('<AWS::Region>');
      expect(name.replace('<AWS::Region>', 'ap-southeast-1').length, id).toBeLessThanOrEqual(longest);
    }
  });

  test('matches the snapshot', async () => {
    const snapshot = JSON.stringify(normalised(templatesOf()), undefined, 2);
    await expect(`${snapshot}\n`).toMatchFileSnapshot('snapshots/sightline.json');
  });
});

interface GlobalNames {
  readonly CachePolicyConfig: { readonly Name: unknown };
  readonly OriginAccessControlConfig: { readonly Name: unknown };
  readonly ResponseHeadersPolicyConfig: { readonly Name: unknown };
}

/** The types of resources whose names are unique in an account, not in a region: where a template has the name, and its maximum length. */
const GLOBAL_NAMES: readonly [string, (properties: Record<string, unknown>) => unknown, number][] = [
  ['AWS::CloudFront::CachePolicy', (properties) => (properties as unknown as GlobalNames).CachePolicyConfig.Name, 128],
  ['AWS::CloudFront::Function', (properties) => properties.Name, 64],
  ['AWS::CloudFront::OriginAccessControl', (properties) => (properties as unknown as GlobalNames).OriginAccessControlConfig.Name, 64],
  ['AWS::CloudFront::ResponseHeadersPolicy', (properties) => (properties as unknown as GlobalNames).ResponseHeadersPolicyConfig.Name, 128],
  ['AWS::CloudWatch::Dashboard', (properties) => properties.DashboardName, 255],
];

/** A text of a template, with `<AWS::Region>` for the reference. */
function joined(text: unknown): string {
  if (typeof text === 'string') return text;
  const [, parts] = (text as { 'Fn::Join': [string, (string | { readonly Ref: string })[]] })['Fn::Join'];
  return parts.map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join('');
}

/** Every leaf of a template with its path; logical IDs without the CDK's hashes. */
function leaves(node: unknown, path = ''): [string, string][] {
  if (typeof node !== 'object' || node === null) return [[path, String(node)]];
  return Object.entries(node).flatMap(([key, value]) => leaves(value, `${path}/${key.replace(/[0-9A-F]{8}$/, '')}`));
}

/** The differences between the environments, as `path: AWS → local`; only the type of a resource that one of them lacks. */
function difference(hostArchitecture: string): string[] {
  const aws = new Map(leaves(normalised(templatesOf({ environment: 'aws' }, hostArchitecture))));
  const local = new Map(leaves(normalised(templatesOf({ environment: 'local' }, hostArchitecture))));
  const inBoth = (path: string): boolean => {
    const type = /^\/\w+\/Resources\/\w+/.exec(path)?.[0].concat('/Type') ?? path;
    return path === type || (aws.has(type) && local.has(type));
  };
  return [...new Set([...aws.keys(), ...local.keys()])]
    .filter((path) => aws.get(path) !== local.get(path) && inBoth(path))
    .map((path) => `${path}: ${aws.get(path) ?? '-'} → ${local.get(path) ?? '-'}`)
    .sort();
}

const STATEFUL = '/stateful/Resources';

/** A local stack deletes its data with it. */
const NOT_RETAINED = [
  ...['DataKey', 'ImagesAccessLogs', 'ImagesBucket', 'MediaSecret', 'PeoplePool', 'RecordsLabelIndex', 'Records', 'TrendsTable'].flatMap((id) => [
    `${STATEFUL}/${id}/DeletionPolicy: Retain → Delete`,
    `${STATEFUL}/${id}/UpdateReplacePolicy: Retain → Delete`,
  ]),
  ...['RecordsLabelIndex', 'Records', 'TrendsTable'].map((id) => `${STATEFUL}/${id}/Properties/DeletionProtectionEnabled: true → false`),
  `${STATEFUL}/PeoplePool/Properties/DeletionProtection: ACTIVE → INACTIVE`,
];

/** A local stack runs the functions on the host's architecture. */
const HOST_ARCHITECTURE = FUNCTION_NAMES.map(
  (name) => `/${name === 'api' ? 'web' : 'stateless'}/Resources/${functionId(name)}/Properties/Architectures/0: arm64 → x86_64`,
);

/** The emulator rejects alarms on metric math. */
const NO_METRIC_MATH = ['errorrate', 'failedfunctions'].map(
  (name) => `/stateless/Resources/Alarms${name}/Type: AWS::CloudWatch::Alarm → -`,
);

/** The emulator has no versions and aliases of state machines, so executions are started on the machine itself. */
const NO_MACHINE_RELEASES = [
  '/stateless/Resources/ImageAnalysisReleaseLive/Type: AWS::StepFunctions::StateMachineAlias → -',
  '/stateless/Resources/ImageAnalysisReleaseVersion/Type: AWS::StepFunctions::StateMachineVersion → -',
  ...[
    'Outputs/LiveStateMachineArn/Value',
    'Resources/BulkImportImportImageFunction/Properties/Environment/Variables/STATE_MACHINE_ARN',
    'Resources/ReconcileReconcileFunction/Properties/Environment/Variables/STATE_MACHINE_ARN',
    'Resources/UploadTriggerRule/Properties/Targets/0/Arn',
  ].map((place) => `/stateless/${place}/Ref: ImageAnalysisReleaseLiveC2B8A665 → ImageAnalysisStateMachineE901846B`),
  '/stateless/Outputs/ExportsOutputRefImageAnalysisReleaseLiveC2B8A665/Export/Name: sightline-stateless:ExportsOutputRefImageAnalysisReleaseLiveC2B8A665A658D658 → -',
  '/stateless/Outputs/ExportsOutputRefImageAnalysisReleaseLiveC2B8A665/Value/Ref: ImageAnalysisReleaseLiveC2B8A665 → -',
  '/web/Resources/ApiApiFunction/Properties/Environment/Variables/LIVE_STATE_MACHINE_ARN/Fn::ImportValue: sightline-stateless:ExportsOutputRefImageAnalysisReleaseLiveC2B8A665A658D658 → sightline-stateless:ExportsOutputRefImageAnalysisStateMachineE901846B8DD12E1A',
];

/** The front door serves the files of the page, and `make web` shows the page at another address. */
const NO_SITE_FILES = [
  ...[
    'CustomCDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C/Type: AWS::Lambda::Function',
    'SiteBucket/Properties/Tags/0/Key: aws-cdk:cr-owned:3342dc52',
    'SiteBucket/Properties/Tags/0/Value: true',
    'SiteBucket/Properties/Tags/1/Key: aws-cdk:cr-owned:assets:bef9554b',
    'SiteBucket/Properties/Tags/1/Value: true',
    'SiteFilesAssetsAwsCliLayer/Type: AWS::Lambda::LayerVersion',
    'SiteFilesAssetsCustomResource/Type: Custom::CDKBucketDeployment',
    'SiteFilesLogs/Type: AWS::Logs::LogGroup',
    'SiteFilesPageAwsCliLayer/Type: AWS::Lambda::LayerVersion',
    'SiteFilesPageCustomResource/Type: Custom::CDKBucketDeployment',
    'SiteFilesRole/Type: AWS::IAM::Role',
    'SiteFilesRoleDefaultPolicy/Type: AWS::IAM::Policy',
  ].map((place) => `/web/Resources/${place} → -`),
  '/web/Resources/Page/Properties/CallbackURLs/1: - → http://127.0.0.1:4569/signed-in',
  '/web/Resources/Page/Properties/LogoutURLs/1: - → http://127.0.0.1:4569/',
];

describe('the environments', () => {
  test('differ only in data retention, in what the emulator lacks, and in the architecture', () => {
    expect(difference('x64')).toEqual([...NOT_RETAINED, ...NO_METRIC_MATH, ...NO_MACHINE_RELEASES, ...NO_SITE_FILES, ...HOST_ARCHITECTURE].sort());
  });

  test('do not differ in the architecture on an arm64 laptop', () => {
    expect(difference('arm64')).toEqual([...NOT_RETAINED, ...NO_METRIC_MATH, ...NO_MACHINE_RELEASES, ...NO_SITE_FILES].sort());
  });
});

describe('endpoints', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const settings = { textGate: 'always', watchedLabels: ['Endpoint'], functionMemoryMb: { 'store-record': 256 } };

  test.each([
    {},
    { environment: 'local' },
    { name: 'endpoint' },
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_REKOGNITION: 'http://127.0.0.1:2' },
    { settings: 'file' },
  ])('are in no template, even if the shell sets them: context %j', (context) => {
    for (const variable of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL_REKOGNITION']) {
      vi.stubEnv(variable, 'http://127.0.0.1:4566');
    }
    const { stateful, stateless, web } = templatesOf('settings' in context ? { settings: settingsFile(settings) } : context);
    const text = JSON.stringify([stateful.toJSON(), stateless.toJSON(), web.toJSON()]);
    expect(text).not.toContain('AWS_ENDPOINT_URL');
    // The local page's own addresses, to which the sign-in page may send people back.
    expect(text.replaceAll(/http:\/\/127\.0\.0\.1:4569\/(signed-in)?/g, '')).not.toContain('127.0.0.1');
  });

  test('cannot be set by a setting', () => {
    const moderationPolicy = [{ category: 'AWS_ENDPOINT_URL', minConfidence: 1, action: 'ALERT' }];
    for (const smuggled of [{ AWS_ENDPOINT_URL: 'x' }, { watchedLabels: ['AWS_ENDPOINT_URL'] }, { moderationPolicy }]) {
      expect(() => templatesOf({ settings: settingsFile(smuggled) })).toThrow(/settings\.json: /);
    }
  });
});

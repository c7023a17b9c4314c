import { afterEach, describe, expect, test, vi } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { functionId, normalised, settingsFile, templatesOf } from './app.ts';

/** Every leaf of a template, by its path; CDK's hashes taken off the logical IDs. */
function leaves(node: unknown, path = ''): [string, string][] {
  if (typeof node !== 'object' || node === null) return [[path, String(node)]];
  return Object.entries(node).flatMap(([key, value]) => leaves(value, `${path}/${key.replace(/[0-9A-F]{8}$/, '')}`));
}

/** What differs between the two environments: `path: on AWS → on a laptop`; of a resource that only one of them has, its type. */
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

/** A laptop's stack leaves nothing behind. */
const NOT_KEPT = [
  ...['DataKey', 'ImagesAccessLogs', 'ImagesBucket', 'RecordsLabelIndex', 'Records', 'TrendsTable'].flatMap((id) => [
    `${STATEFUL}/${id}/DeletionPolicy: Retain → Delete`,
    `${STATEFUL}/${id}/UpdateReplacePolicy: Retain → Delete`,
  ]),
  ...['RecordsLabelIndex', 'Records', 'TrendsTable'].map((id) => `${STATEFUL}/${id}/Properties/DeletionProtectionEnabled: true → false`),
];

/** A laptop runs the functions itself. */
const HOST_ARCHITECTURE = FUNCTION_NAMES.map(
  (name) => `/stateless/Resources/${functionId(name)}/Properties/Architectures/0: arm64 → x86_64`,
);

/** The emulator's alarms are about one metric each. */
const NO_METRIC_MATH = ['errorrate', 'failedfunctions'].map(
  (name) => `/stateless/Resources/Alarms${name}/Type: AWS::CloudWatch::Alarm → -`,
);

/** Nor has it versions and aliases of state machines: there, the machine itself is what is released. */
const NO_MACHINE_RELEASES = [
  '/stateless/Resources/ImageAnalysisReleaseLive/Type: AWS::StepFunctions::StateMachineAlias → -',
  '/stateless/Resources/ImageAnalysisReleaseVersion/Type: AWS::StepFunctions::StateMachineVersion → -',
  ...[
    'Outputs/LiveStateMachineArn/Value',
    'Resources/BulkImportImportImageFunction/Properties/Environment/Variables/STATE_MACHINE_ARN',
    'Resources/ReconcileReconcileFunction/Properties/Environment/Variables/STATE_MACHINE_ARN',
    'Resources/UploadTriggerRule/Properties/Targets/0/Arn',
  ].map((place) => `/stateless/${place}/Ref: ImageAnalysisReleaseLiveC2B8A665 → ImageAnalysisStateMachineE901846B`),
];

describe('the environments', () => {
  test('differ in what is kept, in what the emulator cannot do, and in what the functions are compiled for', () => {
    expect(difference('x64')).toEqual([...NOT_KEPT, ...NO_METRIC_MATH, ...NO_MACHINE_RELEASES, ...HOST_ARCHITECTURE].sort());
  });

  test('differ in what is kept and in what the emulator cannot do only, on an arm64 laptop', () => {
    expect(difference('arm64')).toEqual([...NOT_KEPT, ...NO_METRIC_MATH, ...NO_MACHINE_RELEASES].sort());
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
  ])('are in no template, whatever the shell holds: context %j', (context) => {
    for (const variable of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL_REKOGNITION']) {
      vi.stubEnv(variable, 'http://127.0.0.1:4566');
    }
    const { stateful, stateless } = templatesOf('settings' in context ? { settings: settingsFile(settings) } : context);
    const text = JSON.stringify([stateful.toJSON(), stateless.toJSON()]);
    expect(text).not.toContain('AWS_ENDPOINT_URL');
    expect(text).not.toContain('127.0.0.1');
  });

  test('cannot be smuggled in by a setting', () => {
    const moderationPolicy = [{ category: 'AWS_ENDPOINT_URL', minConfidence: 1, action: 'ALERT' }];
    for (const smuggled of [{ AWS_ENDPOINT_URL: 'x' }, { watchedLabels: ['AWS_ENDPOINT_URL'] }, { moderationPolicy }]) {
      expect(() => templatesOf({ settings: settingsFile(smuggled) })).toThrow(/settings\.json: /);
    }
  });
});

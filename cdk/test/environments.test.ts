import { afterEach, describe, expect, test, vi } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { functionId, normalised, settingsFile, templatesOf } from './app.ts';

/** Every leaf of a template, by its path; CDK's hashes taken off the logical IDs. */
function leaves(node: unknown, path = ''): [string, string][] {
  if (typeof node !== 'object' || node === null) return [[path, String(node)]];
  return Object.entries(node).flatMap(([key, value]) => leaves(value, `${path}/${key.replace(/[0-9A-F]{8}$/, '')}`));
}

/** What differs between the two environments: `path: on AWS → on a laptop`. */
function difference(hostArchitecture: string): string[] {
  const aws = new Map(leaves(normalised(templatesOf({ environment: 'aws' }, hostArchitecture))));
  const local = new Map(leaves(normalised(templatesOf({ environment: 'local' }, hostArchitecture))));
  return [...new Set([...aws.keys(), ...local.keys()])]
    .filter((path) => aws.get(path) !== local.get(path))
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

describe('the environments', () => {
  test('differ in what is kept, and in what the functions are compiled for', () => {
    expect(difference('x64')).toEqual([...NOT_KEPT, ...HOST_ARCHITECTURE].sort());
  });

  test('differ in what is kept only, on an arm64 laptop', () => {
    expect(difference('arm64')).toEqual([...NOT_KEPT].sort());
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

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { artefactOf, environmentOf } from '../lib/environment.ts';
import { MODERATION_CATEGORIES } from '../lib/moderation-categories.ts';
import { loadSettings, UsageError } from '../lib/settings-file.ts';
import { DEFAULT_MODERATION_POLICY, DEFAULT_SETTINGS } from '../lib/settings.ts';
import { CDK_FOLDER, settingsFile, temporaryFolder, templatesOf } from './app.ts';

const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

function errorOf(content: unknown): string {
  const file = settingsFile(content);
  try {
    loadSettings(file);
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(file, 'FILE');
    throw error;
  }
  return 'nothing';
}

describe('settings', () => {
  test('are the defaults without a file', () => {
    expect(loadSettings()).toEqual(DEFAULT_SETTINGS);
  });

  test('keep the defaults of keys that the file does not contain', () => {
    expect(loadSettings(settingsFile({ maxStoredLabels: 5 }))).toEqual({ ...DEFAULT_SETTINGS, maxStoredLabels: 5 });
  });

  test('accept a bucket to import from with or without a KMS key', () => {
    const importBuckets = ['photos', { name: 'archive', kmsKeyArn: KEY_ARN }, { name: 'copies', kmsKeyArn: KEY_ARN.replace('1234abcd-12ab', 'mrk-1234abcd12ab') }];
    expect(loadSettings(settingsFile({ importBuckets })).importBuckets).toEqual(importBuckets);
  });

  test('accept a moderation category of any level, in any case', () => {
    const moderationPolicy = ['violence', 'Graphic Violence', 'BLOOD & GORE'].map((category) => ({ category, minConfidence: 60, action: 'REVIEW' }));
    expect(loadSettings(settingsFile({ moderationPolicy })).moderationPolicy).toEqual(moderationPolicy);
  });

  test('have valid defaults', () => {
    expect(loadSettings(settingsFile(DEFAULT_SETTINGS))).toEqual(DEFAULT_SETTINGS);
  });

  test.each([
    [{ labelMinConfidence: 140 }, 'FILE: "labelMinConfidence" must be a number from 0 to 100, but is 140.'],
    [{ labelMinConfidence: '80' }, 'FILE: "labelMinConfidence" must be a number from 0 to 100, but is "80".'],
    [{ labelMinConfidence: null }, 'FILE: "labelMinConfidence" must be a number from 0 to 100, but is null.'],
    [{ maxStoredLabels: 2.5 }, 'FILE: "maxStoredLabels" must be a whole number from 1 to 100, but is 2.5.'],
    [{ maxBytes: 0 }, 'FILE: "maxBytes" must be a whole number from 1 to 52428800, but is 0.'],
    [{ storeGps: 'yes' }, 'FILE: "storeGps" must be true or false, but is "yes".'],
    [{ textGate: 'sometimes' }, 'FILE: "textGate" must be one of labels, always, never, but is "sometimes".'],
    [{ watchedLabels: 'Weapon' }, 'FILE: "watchedLabels" must be a list, but is "Weapon".'],
    [{ watchedLabels: ['Weapon', ''] }, `FILE: "watchedLabels[1]" must be a name of 1 to 100 letters, digits, spaces or - & ' , . ( ) /, but is "".`],
    [{ watchedLabels: Array(400).fill('Weapon') }, 'FILE: "watchedLabels" must be at most 3072 bytes of JSON, but is "3601 bytes".'],
    [
      { moderationPolicy: [{ category: 'Explicit', minConfidence: 80, action: 'DELETE' }] },
      'FILE: "moderationPolicy[0].action" must be one of ALERT, REVIEW, BLOCK, but is "DELETE".',
    ],
    [
      { moderationPolicy: [{ category: 'Violense', minConfidence: 60, action: 'REVIEW' }] },
      'FILE: "moderationPolicy[0].category" must be a moderation category of Rekognition, as cdk/lib/moderation-categories.ts lists them, but is "Violense".',
    ],
    [
      { moderationPolicy: [{ category: 'Explicit', action: 'BLOCK' }] },
      'FILE: "moderationPolicy[0].minConfidence" must be a number from 0 to 100, but is missing.',
    ],
    [
      { moderationPolicy: [{ category: 'Explicit', minConfidence: 80, action: 'BLOCK', note: 1 }] },
      'FILE: "moderationPolicy[0]" must be an object of category, minConfidence, action, but is {"category":"Explicit","minConfidence":80,"action":"BLOCK","note":1}.',
    ],
    [
      { importBuckets: ['photos', 'My_Photos'] },
      'FILE: "importBuckets[1]" must be the name of a bucket, or {"name": …, "kmsKeyArn": …}, but is "My_Photos".',
    ],
    [{ importBuckets: ['192.168.5.4'] }, 'FILE: "importBuckets[0]" must be the name of a bucket, or {"name": …, "kmsKeyArn": …}, but is "192.168.5.4".'],
    [{ importBuckets: [7] }, 'FILE: "importBuckets[0]" must be the name of a bucket, or {"name": …, "kmsKeyArn": …}, but is 7.'],
    [
      { importBuckets: [{ name: 'My_Photos', kmsKeyArn: KEY_ARN }] },
      'FILE: "importBuckets[0].name" must be the name of a bucket, but is "My_Photos".',
    ],
    ...[undefined, 'alias/photos', KEY_ARN.replace('key/', 'alias/'), '1234abcd-12ab-34cd-56ef-1234567890ab'].map((kmsKeyArn): [object, string] => [
      { importBuckets: [{ name: 'photos', kmsKeyArn }] },
      `FILE: "importBuckets[0].kmsKeyArn" must be the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (not of an alias), but is ${kmsKeyArn === undefined ? 'missing' : JSON.stringify(kmsKeyArn)}.`,
    ]),
    [
      { importBuckets: [{ name: 'photos', kmsKeyArn: KEY_ARN, prefix: 'a/' }] },
      `FILE: "importBuckets[0]" must be an object of name, kmsKeyArn, but is {"name":"photos","kmsKeyArn":"${KEY_ARN}","prefix":"a/"}.`,
    ],
    [{ rekognitionCallsPerSecond: 2.5 }, 'FILE: "rekognitionCallsPerSecond" must be a whole number from 0 to 10000, but is 2.5.'],
    [{ importConcurrency: 0 }, 'FILE: "importConcurrency" must be a whole number from 1 to 10000, but is 0.'],
    [{ importToleratedFailurePercent: 101 }, 'FILE: "importToleratedFailurePercent" must be a number from 0 to 100, but is 101.'],
    [{ reconcileGraceSeconds: -1 }, 'FILE: "reconcileGraceSeconds" must be a whole number from 0 to 86400, but is -1.'],
    [{ monthlyBudgetUsd: -5 }, 'FILE: "monthlyBudgetUsd" must be 0 or a number from 0.01 to 1000000, but is -5.'],
    [{ monthlyBudgetUsd: 0.001 }, 'FILE: "monthlyBudgetUsd" must be 0 or a number from 0.01 to 1000000, but is 0.001.'],
    [{ logRetentionDays: 31 }, /^FILE: "logRetentionDays" must be one of 1, 3, 5, 7, 14, 30, .*, but is 31\.$/],
    [
      { reviewTimeoutSeconds: 31_536_000 },
      'FILE: "reviewTimeoutSeconds" must be a whole number from 1 to 25920000 (300 days: an execution lasts a year at most, all its other waits and a redrive included), but is 31536000.',
    ],
    [{ functionMemoryMb: { 'detect-text': 64 } }, 'FILE: "functionMemoryMb.detect-text" must be a whole number from 128 to 3008, but is 64.'],
    [{ functionMemoryMb: { 'detect-cats': 256 } }, /^FILE: "functionMemoryMb" must be an object by inspect-image, .*, but is \{"detect-cats":256\}\.$/],
    [{ labelMinConfidance: 80 }, /^FILE: "labelMinConfidance" is not a setting; the settings are maxBytes, .*\.$/],
    [JSON.parse('{"__proto__": {"maxBytes": 1}}'), /^FILE: "__proto__" is not a setting; /],
    ['{"maxBytes": 1,}', /^FILE: the settings file is not valid JSON \(.*\)\.$/],
    ['\uFEFF{"maxBytes": 1}', 'FILE: the settings file begins with a byte order mark: save it as UTF-8 without one.'],
    ['[]', 'FILE: the settings file must hold a JSON object of settings.'],
  ])('report in one sentence why %j is not valid', (content, sentence) => {
    const error = errorOf(content);
    if (typeof sentence === 'string') expect(error).toBe(sentence);
    else expect(error).toMatch(sentence);
    expect(error).not.toContain('\n');
  });

  test('report that the file is missing', () => {
    const file = join(temporaryFolder(), 'absent.json');
    expect(() => loadSettings(file)).toThrow(new RegExp(`^${file}: the settings file cannot be read \\(ENOENT.*\\)\\.$`));
  });
});

describe('moderation categories', () => {
  test('have different names, and contain those of the default policy', () => {
    expect(new Set(MODERATION_CATEGORIES).size).toBe(MODERATION_CATEGORIES.length);
    for (const { category } of DEFAULT_MODERATION_POLICY) expect(MODERATION_CATEGORIES).toContain(category);
  });

  test('contain the names of the local Rekognition', () => {
    const source = readFileSync(join(CDK_FOLDER, '../local/vision/src/moderation.rs'), 'utf8').split('#[cfg(test)]')[0] ?? '';
    const names = [...source.matchAll(/^const \w+: &str = "([^".]+)";|label\("([^"]+)",/gm)].map(([, constant, inline]) => constant ?? inline);
    expect(names).toHaveLength(5);
    for (const name of names) expect(MODERATION_CATEGORIES).toContain(name);
  });
});

describe('context', () => {
  test.each([
    [{ environment: 'prod' }, 'context "environment" must be one of aws, local, test, but is "prod".'],
    [{ name: 'Sight Line' }, 'context "name" must be 1 to 40 lower-case letters, digits or hyphens, starting with a letter, but is "Sight Line".'],
    [{ name: '' }, 'context "name" must be 1 to 40 lower-case letters, digits or hyphens, starting with a letter, but is "".'],
    [{ release: 'now' }, 'context "release" must be one of canary, at-once, but is "now".'],
    [{ 'release-id': '' }, 'context "release-id" must be 1 to 64 letters, digits or _ . : + -, but is "".'],
    [{ 'release-id': 'the second' }, 'context "release-id" must be 1 to 64 letters, digits or _ . : + -, but is "the second".'],
    [{ settings: 7 }, 'context "settings" must be a string, but is 7.'],
    [{ settings: '' }, 'context "settings" must be the path of a file, but is "".'],
  ])('is rejected if it is not valid: %j', (context, sentence) => {
    expect(() => templatesOf(context)).toThrow(new UsageError(sentence));
  });

  test('that is not valid makes the app print only the error', () => {
    const run = (): string =>
      execFileSync(process.execPath, ['--import', 'tsx', 'bin/sightline.ts'], {
        cwd: CDK_FOLDER,
        encoding: 'utf8',
        env: { ...process.env, CDK_CONTEXT_JSON: '{"environment": "prod"}' },
        stdio: 'pipe',
      });
    expect(run).toThrow(expect.objectContaining({ status: 1, stderr: 'context "environment" must be one of aws, local, test, but is "prod".\n' }));
  });
});

describe('zips', () => {
  test.each([
    ['aws', 'arm64', 'run "make package" first'],
    ['local', 'local', '"make up" builds it'],
  ] as const)('that are missing are reported with the command that builds them: %s', (name, target, hint) => {
    const dist = temporaryFolder();
    const { artefacts } = environmentOf(name, dist, DEFAULT_SETTINGS);
    const zip = join(dist, target, 'detect-labels.zip');
    expect(() => artefactOf(artefacts, 'detect-labels')).toThrow(new UsageError(`${zip}, the code of DetectLabels, is missing: ${hint}.`));
    mkdirSync(join(dist, target));
    writeFileSync(zip, 'zip');
    expect(artefactOf(artefacts, 'detect-labels')).toBe(zip);
    rmSync(dist, { recursive: true });
  });
});

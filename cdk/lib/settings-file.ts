import { readFileSync } from 'node:fs';
import { FUNCTION_NAMES } from './function-names.ts';
import { MODERATION_CATEGORIES } from './moderation-categories.ts';
import { ARCHITECTURES, DEFAULT_SETTINGS, LOG_RETENTION_DAYS, MAX_REVIEW_SECONDS, MODERATION_ACTIONS, TEXT_GATES, type Settings } from './settings.ts';

/** A mistake that the caller can correct. The app prints only the message, which is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Why a value is not valid. */
interface Violation {
  /** The path within the value, such as `[2].action`; empty for the value as a whole. */
  readonly path: string;
  /** What the value must be; follows "must be". */
  readonly expected: string;
  /** What the value is. */
  readonly found: unknown;
}

/** Checks a value; returns undefined if it is valid. */
type Check = (value: unknown) => Violation | undefined;

const check =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : { path: '', expected, found: value };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const inRange = (value: unknown, from: number, to: number): boolean => typeof value === 'number' && value >= from && value <= to;

const aBoolean = check('true or false', (value) => typeof value === 'boolean');

const aNumber = (from: number, to: number): Check => check(`a number from ${from} to ${to}`, (value) => inRange(value, from, to));

/** @param reason why the range has these limits; appended in brackets. */
const aWholeNumber = (from: number, to: number, reason?: string): Check =>
  check(`a whole number from ${from} to ${to}${reason === undefined ? '' : ` (${reason})`}`, (value) => Number.isInteger(value) && inRange(value, from, to));

/** AWS Budgets has no amounts below a cent, and refuses numbers with an exponent, as JSON writes small ones. */
const aBudget = check('0 or a number from 0.01 to 1000000', (value) => value === 0 || inRange(value, 0.01, 1_000_000));

const oneOf = (allowed: readonly (string | number)[]): Check =>
  check(`one of ${allowed.join(', ')}`, (value) => allowed.some((one) => one === value));

/** The name of a Rekognition label. */
const aName = check(
  'a name of 1 to 100 letters, digits, spaces or - & \' , . ( ) /',
  (value) => typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} \-&',.()/]{0,99}$/u.test(value),
);

/** A rule for any other name would match no image. In any case, as `crates/domain/src/rules/moderation.rs` compares names. */
const aCategory = check(
  'a moderation category of Rekognition, as cdk/lib/moderation-categories.ts lists them',
  (value) => typeof value === 'string' && MODERATION_CATEGORIES.some((name) => name.toLowerCase() === value.toLowerCase()),
);

/** S3's naming rules; a name with the form of an IP address is none. */
const isBucketName = (value: unknown): boolean =>
  typeof value === 'string' && /^(?=.{3,63}$)(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(value);

/** The ARN of a KMS key. IAM matches key ARNs only: a policy that names an alias grants nothing. */
const aKeyArn = check(
  'the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (not of an alias)',
  (value) => typeof value === 'string' && /^arn:aws:kms:[a-z]{2}(-[a-z]+)+-\d:\d{12}:key\/[A-Za-z0-9-]{1,128}$/.test(value),
);

/** An origin that browsers can show the page at. Plain HTTP only for the local stack: browsers refuse its sign-in elsewhere. */
const anOrigin = check(
  'an origin such as https://photos.example.com, without a path, or empty',
  (value) => value === '' || (typeof value === 'string' && /^(https:\/\/(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}|http:\/\/127\.0\.0\.1:\d{2,5})$/.test(value)),
);

/** CloudFront reads certificates only in us-east-1. */
const aCertificateArn = check(
  'the ARN of a certificate in us-east-1, arn:aws:acm:us-east-1:ACCOUNT:certificate/ID, or empty',
  (value) => value === '' || (typeof value === 'string' && /^arn:aws:acm:us-east-1:\d{12}:certificate\/[A-Za-z0-9-]{1,128}$/.test(value)),
);

/** A bucket to import from: its name according to S3's naming rules, or an object with its name and its KMS key. */
const anImportBucket: Check = (value) => {
  if (!isObject(value)) return check('the name of a bucket, or {"name": …, "kmsKeyArn": …}', isBucketName)(value);
  return anObjectOf({ name: check('the name of a bucket', isBucketName), kmsKeyArn: aKeyArn }, 'all')(value);
};

/** A list whose JSON fits into a function's environment: Lambda allows 4 KB for all variables together. */
const aListOf =
  (each: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return { path: '', expected: 'a list', found: value };
    for (const [index, item] of value.entries()) {
      const violation = each(item);
      if (violation) return { ...violation, path: `[${index}]${violation.path}` };
    }
    const bytes = Buffer.byteLength(JSON.stringify(value));
    return bytes <= 3072 ? undefined : { path: '', expected: 'at most 3072 bytes of JSON', found: `${bytes} bytes` };
  };

/** An object with all of these keys, or with some of them, and no others. */
const anObjectOf =
  (keys: Readonly<Record<string, Check>>, needed: 'all' | 'some'): Check =>
  (value) => {
    const expected = needed === 'all' ? `an object of ${Object.keys(keys).join(', ')}` : `an object by ${Object.keys(keys).join(', ')}`;
    if (!isObject(value)) return { path: '', expected, found: value };
    if (Object.keys(value).some((key) => !Object.hasOwn(keys, key))) return { path: '', expected, found: value };
    for (const [key, each] of Object.entries(keys)) {
      if (needed === 'some' && value[key] === undefined) continue;
      const violation = each(value[key]);
      if (violation) return { ...violation, path: `.${key}${violation.path}` };
    }
    return undefined;
  };

const percent = aNumber(0, 100);

/** In MB. A new account may give a function 3,008 MB, not 10,240. */
const memory = aWholeNumber(128, 3008);

const CHECKS: { readonly [K in keyof Settings]: Check } = {
  maxBytes: aWholeNumber(1, 52_428_800),
  maxPixels: aWholeNumber(6_400, 100_000_000),
  storeGps: aBoolean,
  labelMinConfidence: percent,
  maxStoredLabels: aWholeNumber(1, 100),
  personMinConfidence: percent,
  textMinConfidence: percent,
  textGate: oneOf(TEXT_GATES),
  watchedLabels: aListOf(aName),
  watchedMinConfidence: percent,
  faceMinConfidence: percent,
  textLineMinConfidence: percent,
  moderationPolicy: aListOf(anObjectOf({ category: aCategory, minConfidence: percent, action: oneOf(MODERATION_ACTIONS) }, 'all')),
  reviewTimeoutSeconds: aWholeNumber(1, MAX_REVIEW_SECONDS, '300 days: an execution lasts a year at most, all its other waits and a redrive included'),
  reconcileGraceSeconds: aWholeNumber(0, 86_400),
  rekognitionCallsPerSecond: aWholeNumber(0, 10_000),
  // Step Functions runs at most 10,000 child executions at a time.
  importConcurrency: aWholeNumber(1, 10_000),
  importToleratedFailurePercent: percent,
  importBuckets: aListOf(anImportBucket),
  monthlyBudgetUsd: aBudget,
  retentionDays: aWholeNumber(0, 36_500),
  logRetentionDays: oneOf(LOG_RETENTION_DAYS),
  web: aBoolean,
  webOrigin: anOrigin,
  webCertificateArn: aCertificateArn,
  signUp: aBoolean,
  apiRequestsPerSecond: aWholeNumber(1, 10_000),
  architecture: oneOf(ARCHITECTURES),
  functionMemoryMb: anObjectOf(Object.fromEntries(FUNCTION_NAMES.map((name) => [name, memory])), 'some'),
};

/**
 * Loads the settings: the documented defaults, overridden by the values of a JSON file.
 *
 * @param file path of the file, absolute or relative to the folder in which `cdk` runs. @default the defaults apply
 * @throws UsageError if the file cannot be read or a value is not valid; the message names the file and the key.
 */
export function loadSettings(file?: string): Settings {
  if (file === undefined) return DEFAULT_SETTINGS;
  const overrides = readObject(file);
  for (const [key, value] of Object.entries(overrides)) {
    if (!isSetting(key)) {
      throw new UsageError(`${file}: "${key}" is not a setting; the settings are ${Object.keys(CHECKS).join(', ')}.`);
    }
    const violation = CHECKS[key](value);
    if (violation) {
      throw new UsageError(`${file}: "${key}${violation.path}" must be ${violation.expected}, but is ${format(violation.found)}.`);
    }
  }
  const settings = { ...DEFAULT_SETTINGS, ...overrides };
  if (settings.webOrigin.startsWith('https:') !== (settings.webCertificateArn !== '')) {
    throw new UsageError(`${file}: "webOrigin" and "webCertificateArn" belong together: CloudFront serves an own domain only with its certificate.`);
  }
  return settings;
}

function isSetting(key: string): key is keyof Settings {
  return Object.hasOwn(CHECKS, key);
}

function format(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}

function readObject(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: the settings file cannot be read (${reason(error)}).`);
  }
  if (text.startsWith('\uFEFF')) throw new UsageError(`${file}: the settings file begins with a byte order mark: save it as UTF-8 without one.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file}: the settings file is not valid JSON (${reason(error)}).`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`${file}: the settings file must hold a JSON object of settings.`);
  }
  return { ...parsed };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { readFileSync } from 'node:fs';
import { aBoolean, aListOf, aName, anImportBucket, aNumber, anObjectOf, aWholeNumber, oneOf, type Check } from './checks.ts';
import { FUNCTION_NAMES } from './function-names.ts';
import { MODERATION_ACTIONS } from './moderation-policy.ts';
import { ARCHITECTURES, DEFAULT_SETTINGS, LOG_RETENTION_DAYS, MAX_REVIEW_SECONDS, TEXT_GATES, type Settings } from './settings.ts';
import { UsageError } from './usage-error.ts';

const percent = aNumber(0, 100);

/** Lambda lets a new account have 3,008 MB for a function, not 10,240. */
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
  moderationPolicy: aListOf(anObjectOf({ category: aName, minConfidence: percent, action: oneOf(MODERATION_ACTIONS) }, 'all')),
  reviewTimeoutSeconds: aWholeNumber(1, MAX_REVIEW_SECONDS, '330 days: an execution lasts a year at most, all its other waits and a redrive included'),
  reconcileGraceSeconds: aWholeNumber(0, 86_400),
  // Step Functions has no more than 10,000 child executions at work.
  importConcurrency: aWholeNumber(1, 10_000),
  importToleratedFailurePercent: percent,
  importBuckets: aListOf(anImportBucket),
  monthlyBudgetUsd: aNumber(0, 1_000_000),
  retentionDays: aWholeNumber(0, 36_500),
  logRetentionDays: oneOf(LOG_RETENTION_DAYS),
  architecture: oneOf(ARCHITECTURES),
  functionMemoryMb: anObjectOf(Object.fromEntries(FUNCTION_NAMES.map((name) => [name, memory])), 'some'),
};

/**
 * The settings: the documented defaults, and over them the values of a JSON file.
 *
 * @param file path of the file, absolute or from the folder where `cdk` runs; without one, the defaults.
 * @throws UsageError one sentence that names the file and the key.
 */
export function loadSettings(file?: string): Settings {
  if (file === undefined) return DEFAULT_SETTINGS;
  const overrides = readObject(file);
  for (const [key, value] of Object.entries(overrides)) {
    if (!isSetting(key)) {
      throw new UsageError(`${file}: "${key}" is not a setting; the settings are ${Object.keys(CHECKS).join(', ')}.`);
    }
    const complaint = CHECKS[key](value);
    if (complaint) {
      throw new UsageError(`${file}: "${key}${complaint.at}" must be ${complaint.expected}, but is ${shown(complaint.found)}.`);
    }
  }
  return { ...DEFAULT_SETTINGS, ...overrides };
}

function isSetting(key: string): key is keyof Settings {
  return Object.hasOwn(CHECKS, key);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}

function readObject(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: the settings file cannot be read (${reason(error)}).`);
  }
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

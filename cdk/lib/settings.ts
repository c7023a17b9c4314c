import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DEFAULT_MODERATION_POLICY, type ModerationRule } from './moderation-policy.ts';
import type { FunctionName } from './function-names.ts';

/** When text is looked for: where the labels hint at it, in every photo, in none. */
export const TEXT_GATES = ['labels', 'always', 'never'] as const;

/**
 * The longest wait for a review: 330 days, in seconds. Step Functions ends an execution after 365 days, waits and redrives
 * included; a redrive may come 14 days after a failure, and a test adds up the retries of all states.
 */
export const MAX_REVIEW_SECONDS = 330 * 86_400;

/** What the functions are compiled for, on AWS. */
export const ARCHITECTURES = ['arm64', 'x86_64'] as const;

/** How long CloudWatch can be told to keep logs, in days. */
export const LOG_RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days !== RetentionDays.INFINITE,
);

/** A bucket that images may be imported from. */
export interface ImportBucket {
  readonly name: string;
  /** ARN of the KMS key that its objects are encrypted with. @default none: objects are encrypted with keys of S3 */
  readonly kmsKeyArn?: string;
}

/** An entry of `importBuckets` in its long form. */
export function importBucket(entry: string | ImportBucket): ImportBucket {
  return typeof entry === 'string' ? { name: entry } : entry;
}

/** All that can be set by a settings file. Confidences are percentages, 0 to 100. */
export interface Settings {
  /** Larger uploads are rejected, in bytes. @default 15728640 */
  readonly maxBytes: number;
  /** Photos of more pixels are rejected before they are decoded. @default 50000000 */
  readonly maxPixels: number;
  /** Whether the place where a photo was taken goes into its record. @default false */
  readonly storeGps: boolean;
  /** Labels below this are not stored. @default 80 */
  readonly labelMinConfidence: number;
  /** At most this many labels are stored. @default 10 */
  readonly maxStoredLabels: number;
  /** From which confidence in a person on faces are analysed. @default 50 */
  readonly personMinConfidence: number;
  /** From which confidence in a label that goes with text on text is looked for. @default 50 */
  readonly textMinConfidence: number;
  /** When text is looked for. @default "labels" */
  readonly textGate: (typeof TEXT_GATES)[number];
  /** Labels to tell of: a label's name, one of its parents or of its aliases. @default ["Weapon"] */
  readonly watchedLabels: readonly string[];
  /** From which confidence on a watched label is told of. @default 60 */
  readonly watchedMinConfidence: number;
  /** Faces below this are not stored. @default 80 */
  readonly faceMinConfidence: number;
  /** Lines of text below this are not stored. @default 80 */
  readonly textLineMinConfidence: number;
  /** What is done about which moderation labels. @default DEFAULT_MODERATION_POLICY */
  readonly moderationPolicy: readonly ModerationRule[];
  /** How long a review may wait before the photo is withheld, in seconds. @default 604800 (7 days) */
  readonly reviewTimeoutSeconds: number;
  /** How long an upload may be without a record, and a record without an execution, before reconcile takes it up, in seconds. @default 300 */
  readonly reconcileGraceSeconds: number;
  /** How many images of a bulk import are started at once, at most. @default 20 */
  readonly importConcurrency: number;
  /** The share of images that may fail to be imported before the import as a whole fails, in percent. @default 5 */
  readonly importToleratedFailurePercent: number;
  /** The buckets that images may be imported from, beside our own: a name, or a name with the KMS key of its objects. @default [] */
  readonly importBuckets: readonly (string | ImportBucket)[];
  /** What the AWS account may cost in a month before the operations topic is told, in dollars; 0 = no budget. @default 0 */
  readonly monthlyBudgetUsd: number;
  /** How long records, their label rows and Rekognition's answers are kept, in days; 0 = for ever. @default 730 */
  readonly retentionDays: number;
  /** How long logs are kept, in days: one of CloudWatch's steps. @default 30 */
  readonly logRetentionDays: RetentionDays;
  /** What the functions are compiled for, on AWS; a local stack takes the machine's own. @default "arm64" */
  readonly architecture: (typeof ARCHITECTURES)[number];
  /** Memory of single functions, in MB, by name. @default {} (128 MB; inspect-image 1024 MB, reconcile 256 MB) */
  readonly functionMemoryMb: Readonly<Partial<Record<FunctionName, number>>>;
}

export const DEFAULT_SETTINGS: Settings = {
  maxBytes: 15_728_640,
  maxPixels: 50_000_000,
  storeGps: false,
  labelMinConfidence: 80,
  maxStoredLabels: 10,
  personMinConfidence: 50,
  textMinConfidence: 50,
  textGate: 'labels',
  watchedLabels: ['Weapon'],
  watchedMinConfidence: 60,
  faceMinConfidence: 80,
  textLineMinConfidence: 80,
  moderationPolicy: DEFAULT_MODERATION_POLICY,
  reviewTimeoutSeconds: 604_800,
  reconcileGraceSeconds: 300,
  importConcurrency: 20,
  importToleratedFailurePercent: 5,
  importBuckets: [],
  monthlyBudgetUsd: 0,
  retentionDays: 730,
  logRetentionDays: RetentionDays.ONE_MONTH,
  architecture: 'arm64',
  functionMemoryMb: {},
};

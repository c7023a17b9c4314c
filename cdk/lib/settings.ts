import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { FunctionName } from './function-names.ts';

/** What happens when a photo has a moderation label: send an alert, ask a reviewer, or withhold the photo. */
export const MODERATION_ACTIONS = ['ALERT', 'REVIEW', 'BLOCK'] as const;

/** One rule of the moderation policy. If several rules match a photo, the strictest action applies. */
export interface ModerationRule {
  /** A category of any level of Rekognition's taxonomy (version 7, `moderation-categories.ts`), in any case; it includes all categories below it. */
  readonly category: string;
  /** The rule matches labels of at least this confidence, in percent. */
  readonly minConfidence: number;
  readonly action: (typeof MODERATION_ACTIONS)[number];
}

/** The default policy withholds clearly explicit photos, has doubtful or disturbing ones reviewed, and sends alerts about the rest. */
export const DEFAULT_MODERATION_POLICY: readonly ModerationRule[] = [
  { category: 'Explicit', minConfidence: 80, action: 'BLOCK' },
  { category: 'Explicit', minConfidence: 50, action: 'REVIEW' },
  { category: 'Non-Explicit Nudity of Intimate parts and Kissing', minConfidence: 60, action: 'REVIEW' },
  { category: 'Violence', minConfidence: 60, action: 'REVIEW' },
  { category: 'Visually Disturbing', minConfidence: 60, action: 'REVIEW' },
  { category: 'Hate Symbols', minConfidence: 60, action: 'REVIEW' },
  { category: 'Swimwear or Underwear', minConfidence: 80, action: 'ALERT' },
  { category: 'Drugs & Tobacco', minConfidence: 80, action: 'ALERT' },
  { category: 'Alcohol', minConfidence: 80, action: 'ALERT' },
  { category: 'Rude Gestures', minConfidence: 80, action: 'ALERT' },
  { category: 'Gambling', minConfidence: 80, action: 'ALERT' },
];

/** When text is detected: if the labels suggest text, in every photo, or never. */
export const TEXT_GATES = ['labels', 'always', 'never'] as const;

/**
 * The longest wait for a review: 300 days, in seconds. Step Functions ends an execution after 365 days, including waits and
 * redrives. A redrive can start 14 days after a failure; a test adds up the retries of all states.
 */
export const MAX_REVIEW_SECONDS = 300 * 86_400;

/** Architectures that the functions are compiled for on AWS. */
export const ARCHITECTURES = ['arm64', 'x86_64'] as const;

/** Retention periods that CloudWatch Logs accepts, in days. */
export const LOG_RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days !== RetentionDays.INFINITE,
);

/** A bucket that images may be imported from. */
export interface ImportBucket {
  readonly name: string;
  /** ARN of the KMS key that encrypts its objects. @default none: S3 encrypts them with its own keys */
  readonly kmsKeyArn?: string;
}

/** An entry of `importBuckets` in its long form. */
export function importBucket(entry: string | ImportBucket): ImportBucket {
  return typeof entry === 'string' ? { name: entry } : entry;
}

/** Everything that a settings file can set. Confidences are percentages, 0 to 100. */
export interface Settings {
  /** Maximum size of an upload, in bytes; larger ones are rejected. @default 15728640 */
  readonly maxBytes: number;
  /** Maximum number of pixels; larger photos are rejected before they are decoded. @default 50000000 */
  readonly maxPixels: number;
  /** Whether the record keeps the GPS position from the EXIF data. @default false */
  readonly storeGps: boolean;
  /** Minimum confidence of stored labels. @default 80 */
  readonly labelMinConfidence: number;
  /** Maximum number of stored labels. @default 10 */
  readonly maxStoredLabels: number;
  /** Minimum confidence of a person label for which faces are analysed. @default 50 */
  readonly personMinConfidence: number;
  /** Minimum confidence of a text-related label for which text is detected. @default 50 */
  readonly textMinConfidence: number;
  /** When text is detected. @default "labels" */
  readonly textGate: (typeof TEXT_GATES)[number];
  /** Labels that raise an alert: the name of a label, of a parent or an alias. @default ["Weapon"] */
  readonly watchedLabels: readonly string[];
  /** Minimum confidence of a watched label that raises an alert. @default 60 */
  readonly watchedMinConfidence: number;
  /** Minimum confidence of stored faces. @default 80 */
  readonly faceMinConfidence: number;
  /** Minimum confidence of stored lines of text. @default 80 */
  readonly textLineMinConfidence: number;
  /** The action for each moderation label. @default DEFAULT_MODERATION_POLICY */
  readonly moderationPolicy: readonly ModerationRule[];
  /** How long a review may stay open before the photo is withheld, in seconds. @default 604800 (7 days) */
  readonly reviewTimeoutSeconds: number;
  /** How long an upload may lack a record, or a record an execution, before reconcile repairs it, in seconds. @default 300 */
  readonly reconcileGraceSeconds: number;
  /** Rekognition quota of each operation, in calls per second; 0 = the default quota of the region, 50 or 5. @default 0 */
  readonly rekognitionCallsPerSecond: number;
  /** Maximum number of images that a bulk import processes concurrently. @default 5 */
  readonly importConcurrency: number;
  /** Percentage of images that may fail before the whole import fails. @default 5 */
  readonly importToleratedFailurePercent: number;
  /** Buckets that images may be imported from, besides our own: a name, or a name with the KMS key of its objects. @default [] */
  readonly importBuckets: readonly (string | ImportBucket)[];
  /** Monthly budget of the AWS account, in dollars, about which the operations topic is notified; 0 = no budget. @default 0 */
  readonly monthlyBudgetUsd: number;
  /** How long records, their label rows and Rekognition's answers are kept, in days; 0 = for ever. @default 730 */
  readonly retentionDays: number;
  /** How long logs are kept, in days; one of the periods that CloudWatch Logs accepts. @default 30 */
  readonly logRetentionDays: RetentionDays;
  /** Whether people get the page, its API and accounts. Without it, only the command line uses the deployment. @default true */
  readonly web: boolean;
  /** The page's own origin, such as `https://photos.example.com`, which needs `webCertificateArn`. @default "" (an origin of CloudFront) */
  readonly webOrigin: string;
  /** ARN of the certificate of the host in `webOrigin`; CloudFront requires it in us-east-1. @default "" */
  readonly webCertificateArn: string;
  /** Whether people may create their own accounts; otherwise an operator creates them. @default false */
  readonly signUp: boolean;
  /** How many requests a second the API accepts from all people together. @default 100 */
  readonly apiRequestsPerSecond: number;
  /** Architecture that the functions are compiled for on AWS; a local stack uses the machine's own. @default "arm64" */
  readonly architecture: (typeof ARCHITECTURES)[number];
  /** Memory of individual functions, in MB, by name. @default {} (128 MB; inspect-image 1024 MB, reconcile and api 256 MB) */
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
  rekognitionCallsPerSecond: 0,
  importConcurrency: 5,
  importToleratedFailurePercent: 5,
  importBuckets: [],
  monthlyBudgetUsd: 0,
  retentionDays: 730,
  logRetentionDays: RetentionDays.ONE_MONTH,
  web: true,
  webOrigin: '',
  webCertificateArn: '',
  signUp: false,
  apiRequestsPerSecond: 100,
  architecture: 'arm64',
  functionMemoryMb: {},
};

/** The settings of a function as environment variables. Names of tables, buckets and topics are added by the grants. */
export function variablesOf(name: FunctionName, settings: Settings): Record<string, string> {
  switch (name) {
    case 'inspect-image':
      return { MAX_BYTES: String(settings.maxBytes), MAX_PIXELS: String(settings.maxPixels), STORE_GPS: String(settings.storeGps) };
    case 'detect-labels':
      return {
        LABEL_MIN_CONFIDENCE: String(settings.labelMinConfidence),
        MAX_STORED_LABELS: String(settings.maxStoredLabels),
        PERSON_MIN_CONFIDENCE: String(settings.personMinConfidence),
        TEXT_MIN_CONFIDENCE: String(settings.textMinConfidence),
        TEXT_GATE: settings.textGate,
        WATCHED_LABELS: JSON.stringify(settings.watchedLabels),
        WATCHED_MIN_CONFIDENCE: String(settings.watchedMinConfidence),
      };
    case 'analyze-faces':
      return { FACE_MIN_CONFIDENCE: String(settings.faceMinConfidence) };
    case 'detect-text':
      return { TEXT_LINE_MIN_CONFIDENCE: String(settings.textLineMinConfidence) };
    case 'moderate-image':
      return { MODERATION_POLICY: JSON.stringify(settings.moderationPolicy) };
    case 'request-review':
      return { REVIEW_TIMEOUT_SECONDS: String(settings.reviewTimeoutSeconds) };
    case 'store-record':
    case 'record-rejection':
    case 'record-failure':
      return { RETENTION_DAYS: String(settings.retentionDays) };
    case 'reconcile':
      return {
        RECONCILE_GRACE_SECONDS: String(settings.reconcileGraceSeconds),
        REKOGNITION_CALLS_PER_SECOND: String(settings.rekognitionCallsPerSecond),
        RETENTION_DAYS: String(settings.retentionDays),
      };
    case 'api':
      return { MAX_BYTES: String(settings.maxBytes), MAX_PIXELS: String(settings.maxPixels), REKOGNITION_CALLS_PER_SECOND: String(settings.rekognitionCallsPerSecond) };
    case 'send-alert':
    case 'count-trends':
    case 'report-trends':
    case 'import-image':
      return {};
  }
}

import type { FunctionName } from './function-names.ts';
import type { Settings } from './settings.ts';

/** The settings of a function, as its environment; names of tables and topics come with what is granted. */
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
    case 'send-alert':
    case 'count-trends':
    case 'report-trends':
    case 'import-image':
      return {};
  }
}

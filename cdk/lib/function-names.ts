/** The functions that the state machine image-analysis calls. Crate, binary and zip have the same name. */
export const TASK_NAMES = [
  'inspect-image',
  'record-rejection',
  'detect-labels',
  'analyze-faces',
  'detect-text',
  'moderate-image',
  'send-alert',
  'request-review',
  'store-record',
] as const;

/** The functions of the stateless stack. */
export const PIPELINE_NAMES = [...TASK_NAMES, 'record-failure', 'reconcile', 'count-trends', 'report-trends', 'import-image'] as const;

/** All Lambda functions; `api` is in the web stack. */
export const FUNCTION_NAMES = [...PIPELINE_NAMES, 'api'] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** `detect-labels` → `DetectLabels`: the name of its state, its construct and its placeholder in the state machine. */
export function pascalCase(name: FunctionName): string {
  return name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

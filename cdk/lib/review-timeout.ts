const STATE = 'AwaitReview';

/**
 * The definition with this number of seconds in AwaitReview. CloudFormation's substitutions make strings, and the
 * local engine takes no expression there: hence a number, set before deployment.
 *
 * @param definition the ASL, as JSON.
 * @throws Error where it has no such state.
 */
export function withReviewTimeout(definition: string, seconds: number): string {
  const parsed: unknown = JSON.parse(definition);
  const states = statesNamed(STATE, parsed);
  if (states.length !== 1) throw new Error(`the state machine must have one state ${STATE}, but has ${states.length}`);
  for (const state of states) state.TimeoutSeconds = seconds;
  return JSON.stringify(parsed, undefined, 2);
}

function statesNamed(name: string, node: unknown): Record<string, unknown>[] {
  if (!isObject(node)) return [];
  const within = Object.values(node).flatMap((child) => statesNamed(name, child));
  const states = node.States;
  const state = isObject(states) ? states[name] : undefined;
  return isObject(state) ? [state, ...within] : within;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

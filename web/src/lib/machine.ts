/** What happened to each state of an execution, as the drawing and the list of states show it. */

export type StateKind = 'task' | 'choice' | 'skip' | 'end' | 'parallel';

export interface MachineState {
  name: string;
  kind: StateKind;
  comment: string;
  /** The Parallel state around it. */
  parent: string | null;
  function: string | null;
  x: number;
  y: number;
  width: number;
  height: number;
  radius: number;
  textX: number;
  textY: number;
}

export interface Edge {
  kind: 'flow' | 'catch';
  d: string;
  /** `null` is the dot of the start. */
  from: string | null;
  /** `null` is the dot of the end. */
  to: string | null;
  label: string | null;
  labelX: number;
  labelY: number;
  anchor: string;
}

export interface Machine {
  width: number;
  height: number;
  states: MachineState[];
  branches: { parent: string; x: number; y: number; width: number; height: number }[];
  edges: Edge[];
  dots: { x: number; y: number; radius: number; hollow: boolean }[];
}

/** `stopped`: the execution ended before the state did. */
export type Outcome = 'succeeded' | 'failed' | 'caught' | 'running' | 'stopped' | 'unreached';

/** A state of an execution, as the API returns it. */
export interface StateRun {
  name: string;
  outcome: string;
  error?: string | null;
}

/** How an outcome of the API is shown. */
export function outcomeOf(outcome: string): Outcome {
  switch (outcome) {
    case 'SUCCEEDED':
    case 'DONE':
    case 'SKIPPED':
      return 'succeeded';
    case 'CAUGHT':
      return 'caught';
    case 'FAILED':
      return 'failed';
    case 'STOPPED':
      return 'stopped';
    case 'RUNNING':
      return 'running';
    default:
      return 'unreached';
  }
}

/** The outcome of every state. A Parallel state that the API does not list has the outcome of its branches. */
export function outcomes(machine: Machine, runs: readonly StateRun[]): Map<string, Outcome> {
  const found = new Map<string, Outcome>(machine.states.map(({ name }) => [name, 'unreached']));
  for (const { name, outcome } of runs) if (found.has(name)) found.set(name, outcomeOf(outcome));
  const listed = new Set(runs.map(({ name }) => name));
  // Some histories lack the inner states of a Parallel. A choice was made if one of its ways was taken.
  for (const { name, kind } of machine.states) {
    const next = machine.edges.filter(({ from }) => from === name).map(({ to }) => (to === null ? undefined : found.get(to)));
    if (kind === 'choice' && !listed.has(name) && next.some((outcome) => outcome !== undefined && outcome !== 'unreached')) found.set(name, 'succeeded');
  }
  // Children come after their parents, so going backwards settles inner states first.
  for (const { name, kind } of [...machine.states].reverse()) {
    if (kind === 'parallel' && !listed.has(name)) found.set(name, together(machine.states.filter(({ parent }) => parent === name).map((child) => found.get(child.name) ?? 'unreached')));
  }
  return found;
}

function together(children: Outcome[]): Outcome {
  return (['failed', 'running', 'caught', 'stopped', 'succeeded'] as const).find((outcome) => children.includes(outcome)) ?? 'unreached';
}

/** Whether an execution went along an edge. */
export function isTaken(edge: Edge, found: ReadonlyMap<string, Outcome>, runs: readonly StateRun[]): boolean {
  const [from, to] = [edge.from === null ? 'succeeded' : found.get(edge.from), edge.to === null ? 'succeeded' : found.get(edge.to)];
  if (!from || !to || from === 'unreached' || to === 'unreached') return false;
  if (edge.kind === 'flow') return from === 'succeeded';
  if (from !== 'caught') return false;
  const error = runs.find(({ name }) => name === edge.from)?.error;
  return !error || !edge.label || error === edge.label;
}

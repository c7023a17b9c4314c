import { readFileSync } from 'node:fs';

/** A state's own fields, as the definition has them. */
type State = Record<string, unknown>;

/**
 * A state machine's definition, with numbers from the settings in it. CloudFormation's substitutions make strings, and the
 * local engine takes no expression there: hence numbers, set before deployment.
 */
export class Definition {
  private readonly parsed: unknown;

  /** @param text the ASL, as JSON. */
  constructor(text: string) {
    this.parsed = JSON.parse(text);
  }

  static read(file: string): Definition {
    return new Definition(readFileSync(file, 'utf8'));
  }

  /**
   * Sets fields of the one state of this name, wherever it lies.
   *
   * @throws Error where there is none, or several.
   */
  withState(name: string, fields: Readonly<Record<string, number>>): this {
    return this.set(`state ${name}`, fields, (own) => own === name);
  }

  /**
   * Sets fields of the one state of this type.
   *
   * @throws Error where there is none, or several.
   */
  withType(type: string, fields: Readonly<Record<string, number>>): this {
    return this.set(`state of type ${type}`, fields, (_, state) => state.Type === type);
  }

  /**
   * Sets fields of every retrier of one of these errors, in all states.
   *
   * @throws Error where there is none.
   */
  withRetriers(errors: readonly string[], fields: Readonly<Record<string, number>>): this {
    const retriers = statesOf(this.parsed)
      .flatMap(([, state]) => (Array.isArray(state.Retry) ? (state.Retry as unknown[]) : []))
      .filter(isObject)
      .filter(({ ErrorEquals }) => Array.isArray(ErrorEquals) && errors.some((error) => ErrorEquals.includes(error)));
    if (retriers.length === 0) throw new Error(`the state machine must retry ${errors.join(' or ')}, but does not`);
    for (const retrier of retriers) Object.assign(retrier, fields);
    return this;
  }

  toString(): string {
    return JSON.stringify(this.parsed, undefined, 2);
  }

  private set(what: string, fields: Readonly<Record<string, number>>, is: (name: string, state: State) => boolean): this {
    const found = statesOf(this.parsed).filter(([name, state]) => is(name, state));
    if (found.length !== 1) throw new Error(`the state machine must have one ${what}, but has ${found.length}`);
    for (const [, state] of found) Object.assign(state, fields);
    return this;
  }
}

function statesOf(node: unknown): [string, State][] {
  if (!isObject(node)) return [];
  const within = Object.values(node).flatMap(statesOf);
  const own = isObject(node.States) ? Object.entries(node.States) : [];
  return [...own.filter((entry): entry is [string, State] => isObject(entry[1])), ...within];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

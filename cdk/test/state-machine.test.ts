import { readFileSync } from 'node:fs';
import type { Template } from 'aws-cdk-lib/assertions';
import aslValidator from 'asl-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { Definition } from '../lib/definition.ts';
import { pascalCase, TASK_NAMES } from '../lib/function-names.ts';
import { MAX_REVIEW_SECONDS } from '../lib/settings.ts';
import { DEFINITIONS, resourceOf, settingsFile, templatesOf, versionOf } from './app.ts';

const DEFINITION = readFileSync(DEFINITIONS.imageAnalysis, 'utf8');

function machineOf(template: Template): Record<string, unknown> {
  return resourceOf(template, 'AWS::StepFunctions::StateMachine', 'ImageAnalysis').Properties;
}

describe('the state machine', () => {
  let machine: Record<string, unknown>;
  beforeAll(() => {
    machine = machineOf(templatesOf().stateless);
  });

  test('is what the ASL file says', () => {
    expect(JSON.parse(machine.DefinitionString as string)).toEqual(JSON.parse(DEFINITION));
    expect(machine.StateMachineType).toBe('STANDARD');
    expect(machine.StateMachineName).toBe('sightline-image-analysis');
  });

  test('has a function for each placeholder of the ASL, and no other', () => {
    const placeholders = [...DEFINITION.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(machine.DefinitionSubstitutions as object).sort()).toEqual([...new Set(placeholders)].sort());
  });

  test('gets this release of the right function at each placeholder', () => {
    const expected = TASK_NAMES.map((name) => [`${pascalCase(name)}FunctionArn`, { Ref: expect.stringMatching(versionOf(name)) as unknown }]);
    expect(machine.DefinitionSubstitutions).toEqual(Object.fromEntries(expected));
  });

  test('logs everything but the data of executions, and traces', () => {
    expect(machine.LoggingConfiguration).toMatchObject({
      IncludeExecutionData: false,
      Level: 'ALL',
      Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': [expect.stringMatching(/^ImageAnalysisLogs/), 'Arn'] } } }],
    });
    expect(machine.TracingConfiguration).toEqual({ Enabled: true });
  });

  test('is valid Amazon States Language, as far as a validator can tell', () => {
    const result = aslValidator(JSON.parse(DEFINITION) as object);
    expect(result.errors).toEqual([]);
    expect(result.isValid).toBe(true);
  });

  test('waits for a review as long as the settings say', () => {
    const changed = machineOf(templatesOf({ settings: settingsFile({ reviewTimeoutSeconds: 90 }) }).stateless);
    const expected = new Definition(DEFINITION).withState('AwaitReview', { TimeoutSeconds: 90 }).toString();
    expect(changed.DefinitionString).toEqual(expected);
    expect(expected).toMatch(/"TimeoutSeconds": 90\b/);
    expect(JSON.parse(new Definition(expected).withState('AwaitReview', { TimeoutSeconds: 604_800 }).toString())).toEqual(JSON.parse(DEFINITION));
  });
});

interface Task {
  readonly TimeoutSeconds: number;
  readonly Retry?: readonly { readonly IntervalSeconds: number; readonly BackoffRate: number; readonly MaxAttempts: number; readonly MaxDelaySeconds?: number }[];
}

/** All Tasks of a definition, wherever they lie. */
function tasksOf(node: unknown): [string, Task][] {
  if (typeof node !== 'object' || node === null) return [];
  const states = Object.entries(('States' in node ? node.States : {}) as Record<string, { Type: string }>);
  const own = states.filter(([, { Type }]) => Type === 'Task') as unknown as [string, Task][];
  return [...own, ...Object.values(node).flatMap(tasksOf)];
}

/** The longest that a Task can take, in seconds: each retrier used up, each try up to its time limit. */
function longest({ TimeoutSeconds, Retry = [] }: Task): number {
  const waits = Retry.flatMap(({ IntervalSeconds, BackoffRate, MaxAttempts, MaxDelaySeconds = Infinity }) =>
    Array.from({ length: MaxAttempts }, (_, attempt) => Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds)),
  );
  return TimeoutSeconds + waits.reduce((sum, wait) => sum + TimeoutSeconds + wait, 0);
}

describe('the longest review', () => {
  const DAY = 86_400;

  test('leaves room in the year of an execution for the retries of all other states, and for a redrive', () => {
    const others = tasksOf(JSON.parse(DEFINITION)).filter(([name]) => name !== 'AwaitReview');
    expect(others).toHaveLength(9);
    const waits = others.reduce((sum, [, task]) => sum + longest(task), 0);
    // A redrive can come 14 days after the failure, and begins all retries anew.
    expect(MAX_REVIEW_SECONDS + 2 * waits + 14 * DAY).toBeLessThan(365 * DAY);
  });
});

describe('numbers from the settings', () => {
  test('reach a state in a branch of a Parallel, too', () => {
    const nested = { States: { P: { Branches: [{ States: { AwaitReview: { TimeoutSeconds: 1 } } }] } } };
    const changed = new Definition(JSON.stringify(nested)).withState('AwaitReview', { TimeoutSeconds: 5 });
    expect(JSON.parse(changed.toString())).toEqual({ States: { P: { Branches: [{ States: { AwaitReview: { TimeoutSeconds: 5 } } }] } } });
  });

  test('are missed where there is no such state', () => {
    const definition = new Definition('{"States": {"Other": {}}}');
    expect(() => definition.withState('AwaitReview', {})).toThrow('must have one state AwaitReview, but has 0');
    expect(() => definition.withType('Map', {})).toThrow('must have one state of type Map, but has 0');
  });
});

import { readFileSync } from 'node:fs';
import aslValidator from 'asl-validator';
import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { pascalCase, TASK_NAMES } from '../lib/function-names.ts';
import { MAX_REVIEW_SECONDS } from '../lib/settings.ts';
import { Definition } from '../lib/state-machine.ts';
import { DEFINITIONS, resourceOf, settingsFile, templatesOf, versionOf } from './app.ts';

const DEFINITION = readFileSync(DEFINITIONS.imageAnalysis, 'utf8');
const BULK_IMPORT = readFileSync(DEFINITIONS.bulkImport, 'utf8');

function machineOf(template: Template, id = 'ImageAnalysis'): Record<string, unknown> {
  return resourceOf(template, 'AWS::StepFunctions::StateMachine', id).Properties;
}

function bulkImportOf(settings: object = {}): Record<string, unknown> {
  return machineOf(templatesOf({ settings: settingsFile(settings) }).stateless, 'BulkImport');
}

test.each(Object.entries(DEFINITIONS))('%s is valid Amazon States Language', (_, file) => {
  const result = aslValidator(JSON.parse(readFileSync(file, 'utf8')) as object);
  expect(result.errors).toEqual([]);
  expect(result.isValid).toBe(true);
});

describe('image-analysis', () => {
  let machine: Record<string, unknown>;
  beforeAll(() => {
    machine = machineOf(templatesOf().stateless);
  });

  test('has the definition of the ASL file', () => {
    expect(JSON.parse(machine.DefinitionString as string)).toEqual(JSON.parse(DEFINITION));
    expect(machine.StateMachineType).toBe('STANDARD');
    expect(machine.StateMachineName).toBe('sightline-image-analysis');
  });

  test('has a substitution for each placeholder of the ASL file, and no other', () => {
    const placeholders = [...DEFINITION.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(machine.DefinitionSubstitutions as object).sort()).toEqual([...new Set(placeholders)].sort());
  });

  test('calls the current version of the right function at each placeholder', () => {
    const expected = TASK_NAMES.map((name) => [`${pascalCase(name)}FunctionArn`, { Ref: expect.stringMatching(versionOf(name)) as unknown }]);
    expect(machine.DefinitionSubstitutions).toEqual(Object.fromEntries(expected));
  });

  test('has tracing and a log without execution data', () => {
    expect(machine.LoggingConfiguration).toMatchObject({
      IncludeExecutionData: false,
      Level: 'ALL',
      Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': [expect.stringMatching(/^ImageAnalysisLogs/), 'Arn'] } } }],
    });
    expect(machine.TracingConfiguration).toEqual({ Enabled: true });
  });

  test('retries throttling 200 times, or 4 times in the stage of the fault tests', () => {
    const attempts = (template: Template): number[] => {
      const retriers = [...(machineOf(template).DefinitionString as string).matchAll(/"(?:Recognition\.Throttled|Lambda\.TooManyRequestsException)"\s*\][^}]*"MaxAttempts": (\d+)/g)];
      return [...new Set(retriers.map(([, found]) => Number(found)))];
    };
    for (const environment of ['aws', 'local']) expect(attempts(templatesOf({ environment }).stateless)).toEqual([200]);
    expect(attempts(templatesOf({ environment: 'test' }).stateless)).toEqual([4]);
  });

  test('waits for a review as long as the setting says', () => {
    const changed = machineOf(templatesOf({ settings: settingsFile({ reviewTimeoutSeconds: 90 }) }).stateless);
    const expected = new Definition(DEFINITION).withState('AwaitReview', { TimeoutSeconds: 90 }).toString();
    expect(changed.DefinitionString).toEqual(expected);
    expect(expected).toMatch(/"TimeoutSeconds": 90\b/);
    expect(JSON.parse(new Definition(expected).withState('AwaitReview', { TimeoutSeconds: 604_800 }).toString())).toEqual(JSON.parse(DEFINITION));
  });
});

describe('bulk-import', () => {
  test('has the definition of the ASL file, tracing and a log without execution data', () => {
    const machine = bulkImportOf();
    expect(JSON.parse(machine.DefinitionString as string)).toEqual(JSON.parse(BULK_IMPORT));
    expect(machine).toMatchObject({ StateMachineName: 'sightline-bulk-import', StateMachineType: 'STANDARD', TracingConfiguration: { Enabled: true } });
    expect(machine.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false, Level: 'ALL' });
  });

  test('calls only import-image', () => {
    expect([...new Set(BULK_IMPORT.match(/\$\{\w+\}/g))]).toEqual(['${ImportImageFunctionArn}']);
    expect(bulkImportOf().DefinitionSubstitutions).toEqual({
      ImportImageFunctionArn: { Ref: expect.stringMatching(versionOf('import-image')) as unknown },
    });
  });

  test('uses the concurrency and the tolerated failures of the settings', () => {
    const text = bulkImportOf({ importConcurrency: 7, importToleratedFailurePercent: 12.5 }).DefinitionString as string;
    expect(text).toMatch(/"MaxConcurrency": 7\b/);
    expect(text).toMatch(/"ToleratedFailurePercentage": 12\.5\b/);
  });
});

interface Task {
  readonly TimeoutSeconds: number;
  readonly Retry?: readonly { readonly IntervalSeconds: number; readonly BackoffRate: number; readonly MaxAttempts: number; readonly MaxDelaySeconds?: number }[];
}

/** All Tasks of a definition, at any depth. */
function tasksOf(node: unknown): [string, Task][] {
  if (typeof node !== 'object' || node === null) return [];
  const states = Object.entries(('States' in node ? node.States : {}) as Record<string, { Type: string }>);
  const own = states.filter(([, { Type }]) => Type === 'Task') as unknown as [string, Task][];
  return [...own, ...Object.values(node).flatMap(tasksOf)];
}

/** The longest duration of a Task in seconds: all retries, each attempt up to its timeout. */
function longestDuration({ TimeoutSeconds, Retry = [] }: Task): number {
  const waits = Retry.flatMap(({ IntervalSeconds, BackoffRate, MaxAttempts, MaxDelaySeconds = Infinity }) =>
    Array.from({ length: MaxAttempts }, (_, attempt) => Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds)),
  );
  return TimeoutSeconds + waits.reduce((sum, wait) => sum + TimeoutSeconds + wait, 0);
}

describe('the longest review', () => {
  const DAY = 86_400;

  test('leaves time within the one year of an execution for the retries of all other states and for a redrive', () => {
    const others = tasksOf(JSON.parse(DEFINITION)).filter(([name]) => name !== 'AwaitReview');
    expect(others).toHaveLength(9);
    const waits = others.reduce((sum, [, task]) => sum + longestDuration(task), 0);
    // A redrive can start 14 days after the failure, and resets all retry counters.
    expect(MAX_REVIEW_SECONDS + 2 * waits + 14 * DAY).toBeLessThan(365 * DAY);
  });
});

describe('numbers from the settings', () => {
  test('are set in a state inside a Parallel', () => {
    const nested = { States: { P: { Branches: [{ States: { AwaitReview: { TimeoutSeconds: 1 } } }] } } };
    const changed = new Definition(JSON.stringify(nested)).withState('AwaitReview', { TimeoutSeconds: 5 });
    expect(JSON.parse(changed.toString())).toEqual({ States: { P: { Branches: [{ States: { AwaitReview: { TimeoutSeconds: 5 } } }] } } });
  });

  test('throw an error if there is no such state', () => {
    const definition = new Definition('{"States": {"Other": {}}}');
    expect(() => definition.withState('AwaitReview', {})).toThrow('must have one state AwaitReview, but has 0');
    expect(() => definition.withType('Map', {})).toThrow('must have one state of type Map, but has 0');
    expect(() => definition.withRetriers(['A.B'], {})).toThrow('must retry A.B, but does not');
  });
});

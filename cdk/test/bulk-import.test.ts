import { readFileSync } from 'node:fs';
import aslValidator from 'asl-validator';
import { describe, expect, test } from 'vitest';
import { DEFINITIONS, resourceOf, settingsFile, templatesOf, versionOf } from './app.ts';

const DEFINITION = readFileSync(DEFINITIONS.bulkImport, 'utf8');

function machineOf(settings: object = {}): Record<string, unknown> {
  return resourceOf(templatesOf({ settings: settingsFile(settings) }).stateless, 'AWS::StepFunctions::StateMachine', 'BulkImport').Properties;
}

describe('the bulk import', () => {
  test('is what the ASL file says', () => {
    const machine = machineOf();
    expect(JSON.parse(machine.DefinitionString as string)).toEqual(JSON.parse(DEFINITION));
    expect(machine).toMatchObject({ StateMachineName: 'sightline-bulk-import', StateMachineType: 'STANDARD', TracingConfiguration: { Enabled: true } });
    expect(machine.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false, Level: 'ALL' });
  });

  test('calls import-image, and no other function', () => {
    expect([...new Set(DEFINITION.match(/\$\{\w+\}/g))]).toEqual(['${ImportImageFunctionArn}']);
    expect(machineOf().DefinitionSubstitutions).toEqual({
      ImportImageFunctionArn: { Ref: expect.stringMatching(versionOf('import-image')) as unknown },
    });
  });

  test('is valid Amazon States Language, as far as a validator can tell', () => {
    expect(aslValidator(JSON.parse(DEFINITION) as object).errors).toEqual([]);
  });

  test('starts as many at once, and tolerates as many failures, as the settings say', () => {
    const text = machineOf({ importConcurrency: 7, importToleratedFailurePercent: 12.5 }).DefinitionString as string;
    expect(text).toMatch(/"MaxConcurrency": 7\b/);
    expect(text).toMatch(/"ToleratedFailurePercentage": 12\.5\b/);
  });
});

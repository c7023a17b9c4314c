import { readFileSync } from 'node:fs';
import aslValidator from 'asl-validator';
import { describe, expect, test } from 'vitest';
import { DEFINITIONS, functionId, resourceOf, settingsFile, templatesOf, versionOf } from './app.ts';
import { permissionsOf } from './permissions.ts';

const DEFINITION = readFileSync(DEFINITIONS.bulkImport, 'utf8');

function machineOf(settings: object = {}): Record<string, unknown> {
  return resourceOf(templatesOf({ settings: settingsFile(settings) }).stateless, 'AWS::StepFunctions::StateMachine', 'BulkImport').Properties;
}

/** The permissions that reading a bucket takes. */
function readBucket(name: string): string[] {
  const bucket = `arn:<AWS::Partition>:s3:::${name}`;
  const list = `${bucket} where StringLike {"s3:prefix":"?*"}`;
  return [`s3:GetObject ${bucket}/*`, `s3:GetObjectVersion ${bucket}/*`, `s3:ListBucket ${list}`, `s3:ListBucketVersions ${list}`].sort();
}

/** What import-image may do because of these buckets. */
function addedForImports(importBuckets: unknown[]): string[] {
  const permissions = (settings: object): string[] =>
    permissionsOf(templatesOf({ settings: settingsFile(settings) }).stateless, `${functionId('import-image')}Role`);
  const before = permissions({});
  return permissions({ importBuckets }).filter((line) => !before.includes(line));
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

  test('may read the buckets that the settings name, and no others', () => {
    expect(addedForImports(['holiday.photos'])).toEqual(readBucket('holiday.photos'));
  });

  test('may decrypt with the key that the settings name for a bucket, through S3 in the region of the key', () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const importBuckets = ['holiday.photos', { name: 'archive', kmsKeyArn }];
    expect(addedForImports(importBuckets)).toEqual(
      [...readBucket('holiday.photos'), ...readBucket('archive'), `kms:Decrypt ${kmsKeyArn} via s3.eu-central-1`].sort(),
    );
  });
});

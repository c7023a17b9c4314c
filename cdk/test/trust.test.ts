import { describe, expect, test } from 'vitest';
import { FUNCTION_NAMES } from '../lib/function-names.ts';
import { functionId, resourceOf, resourcesOf, settingsFile, templatesOf } from './app.ts';
import { flat, permissionsOf } from './permissions.ts';

interface Trust {
  readonly Condition: { readonly ArnLike: Record<string, unknown> };
}

/** Who may assume the one role whose logical ID begins so. */
function trustOf(role: string): Trust[] {
  const { Properties } = resourceOf(templatesOf().stateless, 'AWS::IAM::Role', role);
  return (Properties.AssumeRolePolicyDocument as { Statement: Trust[] }).Statement;
}

describe('roles', () => {
  test.each([
    ['ImageAnalysisRole', 'states', 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:*'],
    ['BulkImportRole', 'states', 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:*'],
    ['UploadTriggerRole', 'events', 'arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/*'],
    ['ReconcileClockRole', 'scheduler', 'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/default'],
    ['TrendsClockRole', 'scheduler', 'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/default'],
  ])('%s is assumed by %s only, for resources of this account', (role, service, source) => {
    const statements = trustOf(role);
    expect(statements).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: `${service}.amazonaws.com` },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } }, ArnLike: { 'aws:SourceArn': expect.anything() as unknown } },
      },
    ]);
    expect(flat(statements[0]?.Condition.ArnLike['aws:SourceArn'])).toBe(source);
  });

  // Lambda's documentation names no source of the call by which it assumes a role; a role cannot be passed to another account's function.
  test.each(FUNCTION_NAMES)('of %s is assumed by Lambda only', (name) => {
    expect(trustOf(`${functionId(name)}Role`)).toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }]);
  });

  test('may list no bucket without a prefix, and use no key but through one service', () => {
    const { stateless } = templatesOf({ settings: settingsFile({ importBuckets: ['photos', { name: 'archive', kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/k' }] }) });
    const roles = resourcesOf(stateless, 'AWS::IAM::Role').map(([id]) => id);
    const all = roles.flatMap((role) => permissionsOf(stateless, role));
    expect(all.filter((line) => line.startsWith('kms:') && !/ via (s3|sns|dynamodb)(\.eu-west-1)?$/.test(line))).toEqual([]);
    expect(all.filter((line) => line.startsWith('s3:List') && line.includes('Bucket') && !/ where StringLike \{"s3:prefix":"[^"]+"\}$/.test(line))).toEqual([]);
    expect(all.filter((line) => line.startsWith('kms:')).length).toBeGreaterThan(14);
  });
});

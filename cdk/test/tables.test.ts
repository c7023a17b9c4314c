import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { resourceOf, resourcesOf, templatesOf } from './app.ts';

describe('the stateful stack', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateful;
  });

  test('has all tables encrypted, recoverable, expiring, on demand and hard to delete', () => {
    const tables = resourcesOf(template, 'AWS::DynamoDB::Table');
    expect(tables).toHaveLength(3);
    for (const [, { Properties }] of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        TimeToLiveSpecification: { AttributeName: 'ExpiresAt', Enabled: true },
      });
    }
  });

  test('finds records by image, by owner and by open work', () => {
    const { Properties } = resourceOf(template, 'AWS::DynamoDB::Table', 'Records8');
    const keys = (hash: string): object[] => [
      { AttributeName: hash, KeyType: 'HASH' },
      { AttributeName: 'UploadTimestamp', KeyType: 'RANGE' },
    ];
    expect(Properties.KeySchema).toEqual(keys('ImageID'));
    expect(Properties.AttributeDefinitions).toContainEqual({ AttributeName: 'UploadTimestamp', AttributeType: 'N' });
    expect(Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'OwnerIndex',
        KeySchema: keys('OwnerID'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['ProcessingStatus', 'ReviewStatus', 'DetectionSummary', 'ThumbnailKey', 'S3_URL'] },
      },
      {
        IndexName: 'WorkQueueIndex',
        KeySchema: keys('WorkQueue'),
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['ExecutionArn', 'OwnerID', 'ProcessingStatus', 'ReviewStatus', 'StatusReason', 'DetectionSummary'],
        },
      },
    ]);
  });

  test('finds label rows by owner, label and month, in order of time', () => {
    const { Properties } = resourceOf(template, 'AWS::DynamoDB::Table', 'RecordsLabelIndex');
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'OwnerLabelMonth', KeyType: 'HASH' },
      { AttributeName: 'TimeImageID', KeyType: 'RANGE' },
    ]);
    expect(Properties.GlobalSecondaryIndexes).toBeUndefined();
  });

  test('counts by counter and name', () => {
    const { Properties } = resourceOf(template, 'AWS::DynamoDB::Table', 'TrendsTable');
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'Counter', KeyType: 'HASH' },
      { AttributeName: 'Name', KeyType: 'RANGE' },
    ]);
  });

  test('tells which records changed, and nothing of what is in them', () => {
    const streams = resourcesOf(template, 'AWS::DynamoDB::Table').map(([id, { Properties }]) => [id.slice(0, -8), Properties.StreamSpecification]);
    expect(streams).toEqual([
      ['Records', { StreamViewType: 'KEYS_ONLY' }],
      ['RecordsLabelIndex', undefined],
      ['TrendsTable', undefined],
    ]);
  });
});

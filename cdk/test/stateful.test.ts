import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeApp, resourceOf, resourcesOf, settingsFile, templatesOf } from './app.ts';

const TRANSITIONS = [
  { StorageClass: 'STANDARD_IA', TransitionInDays: 30 },
  { StorageClass: 'GLACIER_IR', TransitionInDays: 90 },
];

/** A statement that denies access without TLS. */
const TLS_ONLY = Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } }, Principal: { AWS: '*' } });

interface LifecycleRule {
  readonly Id: string;
  readonly ExpirationInDays?: number;
  readonly Transitions?: object[];
  readonly NoncurrentVersionExpiration?: object;
}

function lifecycleOf(template: Template): LifecycleRule[] {
  const bucket = resourceOf(template, 'AWS::S3::Bucket', 'ImagesBucket');
  return (bucket.Properties.LifecycleConfiguration as { Rules: LifecycleRule[] }).Rules;
}

describe('the stateful stack', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateful;
  });

  test('encrypts images with a key that is rotated every year', () => {
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true, RotationPeriodInDays: 365 });
    template.resourceCountIs('AWS::KMS::Key', 1);
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DataKey'), 'Arn'] } },
          },
        ],
      },
    });
  });

  test('lets only CloudWatch alarms, budgets and distributions of this account use the key as services', () => {
    const { Properties } = resourceOf(template, 'AWS::KMS::Key', 'DataKey');
    const { Statement } = Properties.KeyPolicy as { Statement: { Principal: unknown }[] };
    expect(Statement.filter(({ Principal }) => JSON.stringify(Principal).includes('Service'))).toEqual([
      {
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        Effect: 'Allow',
        Principal: { Service: ['budgets.amazonaws.com', 'cloudwatch.amazonaws.com'] },
        Resource: '*',
      },
      {
        Action: 'kms:Decrypt',
        Condition: { ArnLike: { 'aws:SourceArn': expect.anything() as unknown } },
        Effect: 'Allow',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Resource: '*',
      },
    ]);
  });

  test('keeps versions of images and sends events to EventBridge without a helper function', () => {
    const { Properties } = resourceOf(template, 'AWS::S3::Bucket', 'ImagesBucket');
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(Properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
    template.resourceCountIs('AWS::Lambda::Function', 0);
  });

  test('blocks public access, ACLs and plain HTTP on every bucket', () => {
    const buckets = resourcesOf(template, 'AWS::S3::Bucket');
    expect(buckets).toHaveLength(2);
    for (const [id, bucket] of buckets) {
      expect(bucket.Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(bucket.Properties.OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] });
      template.hasResourceProperties('AWS::S3::BucketPolicy', { Bucket: { Ref: id }, PolicyDocument: { Statement: Match.arrayWith([TLS_ONLY]) } });
    }
  });

  test('allows in bucket policies only log delivery to the access log, and CloudFront to read pictures', () => {
    const allowed = resourcesOf(template, 'AWS::S3::BucketPolicy').flatMap(([id, policy]) =>
      (policy.Properties.PolicyDocument as { Statement: { Effect: string; Principal: unknown; Action: unknown }[] }).Statement.filter(
        ({ Effect }) => Effect === 'Allow',
      ).map(({ Principal, Action }) => [id.replace(/[0-9A-F]{8}$/, ''), Principal, Action]),
    );
    expect(allowed).toEqual([
      ['ImagesAccessLogsPolicy', { Service: 'logging.s3.amazonaws.com' }, 's3:PutObject'],
      ['ImagesBucketPolicy', { Service: 'cloudfront.amazonaws.com' }, 's3:GetObject'],
    ]);
  });

  test('denies uploads with another KMS key or a customer-provided key, and accepts uploads that name no key', () => {
    const { Properties } = resourceOf(template, 'AWS::S3::BucketPolicy', 'ImagesBucketPolicy');
    const { Statement } = Properties.PolicyDocument as { Statement: { Sid?: string; Condition: Record<string, Record<string, unknown>> }[] };
    const refused = Statement.filter(({ Sid }) => Sid?.startsWith('Refuse'));
    const kmsKey = 's3:x-amz-server-side-encryption-aws-kms-key-id';
    const key = expect.stringMatching(/^DataKey/) as unknown;
    const common = { Action: 's3:PutObject', Effect: 'Deny', Principal: { AWS: '*' }, Resource: expect.anything() as unknown };
    expect(refused).toEqual([
      {
        ...common,
        Sid: 'RefuseOtherKmsKeys',
        // StringNotEquals also matches if the header is absent: without Null, uploads that name no key would be denied.
        Condition: { StringNotEquals: { [kmsKey]: [{ 'Fn::GetAtt': [key, 'Arn'] }, { Ref: key }] }, Null: { [kmsKey]: 'false' } },
      },
      { ...common, Sid: 'RefuseCustomerKeys', Condition: { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } } },
    ]);
  });

  test('has termination protection on AWS, but not on a laptop', () => {
    expect(makeApp().stateful.terminationProtection).toBe(true);
    expect(makeApp().stateless.terminationProtection).not.toBe(true);
    expect(makeApp({ environment: 'local' }).stateful.terminationProtection).toBe(false);
  });

  test('logs access to the images', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      LoggingConfiguration: { DestinationBucketName: { Ref: Match.stringLikeRegexp('^ImagesAccessLogs') }, LogFilePrefix: 'images/' },
    });
  });

  test('moves images to cheaper storage classes after 30 and 90 days, without a restore delay', () => {
    const rules = new Map(lifecycleOf(template).map((rule) => [rule.Id, rule]));
    for (const area of ['raw-uploads', 'processed', 'archived']) {
      expect(rules.get(area)).toMatchObject({ Prefix: `${area}/`, Status: 'Enabled', Transitions: TRANSITIONS });
      expect(rules.get(area)?.ExpirationInDays).toBeUndefined();
    }
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K' },
    });
  });

  test('expires answers, replaced versions, unfinished uploads and delete markers', () => {
    const rules = lifecycleOf(template);
    expect(rules.map(({ Id, NoncurrentVersionExpiration }) => [Id, NoncurrentVersionExpiration])).toEqual([
      ['raw-uploads', { NoncurrentDays: 90 }],
      ['processed', { NoncurrentDays: 30 }],
      ['archived', { NoncurrentDays: 30 }],
      ['results', { NoncurrentDays: 30 }],
      ['operations', { NoncurrentDays: 1 }],
      ['unfinished-uploads', undefined],
      ['delete-markers', undefined],
    ]);
    expect(rules[3]).toMatchObject({ Prefix: 'results/', ExpirationInDays: 730 });
    expect(rules[4]).toMatchObject({ Prefix: 'operations/', ExpirationInDays: 90 });
    expect(rules[5]).toMatchObject({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } });
    expect(rules[6]).toMatchObject({ ExpiredObjectDeleteMarker: true });
  });

  test('keeps answers for ever if records are kept for ever', () => {
    const results = lifecycleOf(templatesOf({ settings: settingsFile({ retentionDays: 0 }) }).stateful).find(({ Id }) => Id === 'results');
    expect(results).toBeDefined();
    expect(results?.ExpirationInDays).toBeUndefined();
  });

  test('retains all data when the stack is deleted', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::KMS::Key']) {
      for (const [, resource] of resourcesOf(template, type)) {
        expect([resource.DeletionPolicy, resource.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
      }
    }
  });

  test('has the outputs that the command line reads', () => {
    expect(Object.keys(template.findOutputs('*')).filter((name) => !name.startsWith('ExportsOutput'))).toEqual([
      'UserPoolId',
      'MediaSecretArn',
      'ImagesBucketName',
      'RecordsTableName',
      'LabelIndexTableName',
      'TrendsTableName',
    ]);
  });

  test('has tables with on-demand capacity, encryption, recovery, TTL and deletion protection', () => {
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

  test('indexes records by image, by owner, by content and by open work', () => {
    const { Properties } = resourceOf(template, 'AWS::DynamoDB::Table', 'Records8');
    const keys = (hash: string, range = 'UploadTimestamp'): object[] => [
      { AttributeName: hash, KeyType: 'HASH' },
      { AttributeName: range, KeyType: 'RANGE' },
    ];
    expect(Properties.KeySchema).toEqual(keys('ImageID'));
    expect(Properties.AttributeDefinitions).toContainEqual({ AttributeName: 'UploadTimestamp', AttributeType: 'N' });
    expect(Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'GalleryIndex',
        KeySchema: keys('OwnerID'),
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: [
            ...['ImageName', 'Title', 'ProcessingStatus', 'StatusReason', 'ReviewStatus', 'ModerationVerdict', 'Width', 'Height', 'Thumbhash'],
            ...['DetectionSummary', 'OwnLabels', 'FaceCount', 'TextLineCount', 'Latitude', 'Longitude', 'ThumbnailKey', 'LargeThumbnailKey'],
          ],
        },
      },
      {
        IndexName: 'ContentIndex',
        KeySchema: keys('OwnerID', 'ContentSha256'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['ProcessingStatus'] },
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

  test('indexes label rows by owner, label and month, ordered by time', () => {
    const { Properties } = resourceOf(template, 'AWS::DynamoDB::Table', 'RecordsLabelIndex');
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'OwnerLabelMonth', KeyType: 'HASH' },
      { AttributeName: 'TimeImageID', KeyType: 'RANGE' },
    ]);
    expect(Properties.GlobalSecondaryIndexes).toBeUndefined();
  });

  test('indexes counters by counter and name', () => {
    const { Properties } = resourceOf(template, 'AWS::DynamoDB::Table', 'TrendsTable');
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'Counter', KeyType: 'HASH' },
      { AttributeName: 'Name', KeyType: 'RANGE' },
    ]);
  });

  test('streams only the keys of changed records', () => {
    const streams = resourcesOf(template, 'AWS::DynamoDB::Table').map(([id, { Properties }]) => [id.slice(0, -8), Properties.StreamSpecification]);
    expect(streams).toEqual([
      ['Records', { StreamViewType: 'KEYS_ONLY' }],
      ['RecordsLabelIndex', undefined],
      ['TrendsTable', undefined],
    ]);
  });
});

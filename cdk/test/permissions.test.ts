import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES, TASK_NAMES, type FunctionName } from '../lib/function-names.ts';
import { functionId, resourceOf, resourcesOf, templatesOf, type Templates } from './app.ts';
import { permissionsOf } from './permissions.ts';

const lines = (resource: string, ...actions: string[]): string[] => actions.map((action) => `${action} ${resource}`);
const missing = (area: string): string[] => [`s3:ListBucket images where StringLike {"s3:prefix":"${area}/*"}`];

const EVERY = [...lines('own-log', 'logs:CreateLogStream', 'logs:PutLogEvents'), ...lines('*', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments')];
const READ_KEY = lines('key via s3', 'kms:Decrypt');
const WRITE_KEY = lines('key via s3', 'kms:Decrypt', 'kms:GenerateDataKey');
const PUBLISH_KEY = lines('key via sns', 'kms:Decrypt', 'kms:GenerateDataKey');
const TABLE_KEY = lines(
  'key via dynamodb',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
);
const FIND = [...lines('records', 'dynamodb:Query'), ...TABLE_KEY];
const RECORDS = [...FIND, ...lines('records', 'dynamodb:UpdateItem')];
const versions = (area: string): string[] => [`s3:ListBucketVersions images where StringLike {"s3:prefix":"${area}/*"}`];
const RAW_VERSIONS = versions('raw-uploads');
const READ_RAW = [...lines('images/raw-uploads/*', 's3:GetObject', 's3:GetObjectVersion'), ...missing('raw-uploads'), ...RAW_VERSIONS, ...READ_KEY];
const READ_TAGS = lines('images/raw-uploads/*', 's3:GetObjectTagging', 's3:GetObjectVersionTagging');
const TAG_RAW = lines('images/raw-uploads/*', 's3:PutObjectTagging', 's3:PutObjectVersionTagging');
const ANSWERS = [...lines('images/results/*', 's3:GetObject', 's3:PutObject'), ...missing('results'), ...WRITE_KEY];
const analysis = (call: string): string[] => [`rekognition:${call} *`, ...lines('images/processed/*', 's3:GetObject'), ...ANSWERS];
const MACHINE = '<AWS::Region>:<AWS::AccountId>';
const EXECUTIONS = `arn:<AWS::Partition>:states:${MACHINE}:execution:sightline-image-analysis:*`;

const EXPECTED: Record<FunctionName, string[]> = {
  'inspect-image': [
    ...READ_RAW,
    ...lines('images/processed/*', 's3:PutObject'),
    ...lines('images/archived/*', 's3:GetObject', 's3:DeleteObject'),
    ...missing('archived'),
    ...WRITE_KEY,
    ...RECORDS,
  ],
  'record-rejection': [
    ...READ_RAW,
    ...READ_TAGS,
    ...TAG_RAW,
    ...lines('images/archived/*', 's3:PutObject', 's3:PutObjectTagging'),
    ...WRITE_KEY,
    ...RECORDS,
  ],
  'detect-labels': analysis('DetectLabels'),
  'analyze-faces': analysis('DetectFaces'),
  'detect-text': analysis('DetectText'),
  'moderate-image': analysis('DetectModerationLabels'),
  'send-alert': [...lines('alerts', 'sns:Publish'), ...PUBLISH_KEY, ...ANSWERS],
  'request-review': [...RECORDS, `states:SendTaskSuccess arn:<AWS::Partition>:states:${MACHINE}:stateMachine:sightline-image-analysis`],
  'store-record': [
    ...RECORDS,
    ...lines('label-index', 'dynamodb:PutItem'),
    ...lines('images/processed/*', 's3:GetObject', 's3:DeleteObject'),
    ...missing('processed'),
    ...lines('images/archived/*', 's3:PutObject'),
    ...READ_TAGS,
    ...WRITE_KEY,
    ...TAG_RAW,
    ...missing('raw-uploads'),
    ...RAW_VERSIONS,
  ],
  'record-failure': [
    ...READ_RAW,
    ...RECORDS,
    `states:GetExecutionHistory ${EXECUTIONS}`,
    ...lines('dead-letters', 'sqs:SendMessage'),
  ],
  reconcile: [
    ...READ_RAW,
    ...READ_TAGS,
    ...lines('images/operations/*', 's3:GetObject', 's3:PutObject'),
    ...missing('operations'),
    ...WRITE_KEY,
    ...['processed', 'results', 'archived'].flatMap((area) => [...versions(area), ...lines(`images/${area}/*`, 's3:DeleteObjectVersion')]),
    ...RECORDS,
    ...lines('records', 'dynamodb:BatchGetItem'),
    ...lines('records/index/WorkQueueIndex', 'dynamodb:Query'),
    ...lines('<ImageAnalysisStateMachine>', 'states:StartExecution', 'states:SendTaskSuccess'),
    ...lines(EXECUTIONS, 'states:DescribeExecution', 'states:GetExecutionHistory'),
  ],
  'count-trends': [
    ...FIND,
    ...lines('records', 'dynamodb:ConditionCheckItem'),
    ...lines('trends', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'),
    ...lines('records-stream', 'dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'),
    ...lines('*', 'dynamodb:ListStreams'),
    ...lines('uncounted', 'sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'),
  ],
  'report-trends': [...lines('trends', 'dynamodb:Query'), ...TABLE_KEY, ...lines('operations', 'sns:Publish'), ...PUBLISH_KEY],
  'import-image': [
    ...READ_RAW,
    ...lines('images/raw-uploads/*', 's3:PutObject'),
    ...WRITE_KEY,
    ...FIND,
    ...lines('<ImageAnalysisStateMachine>', 'states:StartExecution'),
  ],
};

/** What every state machine needs to deliver its log and its traces. */
const DELIVERY = lines(
  '*',
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
);

describe('permissions', () => {
  let templates: Templates;
  beforeAll(() => {
    templates = templatesOf();
  });

  test.each(FUNCTION_NAMES)('%s may do exactly what it needs', (name) => {
    expect(permissionsOf(templates.stateless, `${functionId(name)}Role`)).toEqual([...new Set([...EVERY, ...EXPECTED[name]])].sort());
  });

  test('the state machine may invoke every release of exactly its functions, and deliver logs and traces', () => {
    const functions = TASK_NAMES.map((name) => `<${functionId(name)}>`);
    expect(permissionsOf(templates.stateless, 'ImageAnalysisRole')).toEqual(
      [...functions.map((name) => `lambda:InvokeFunction ${name}:*`), ...DELIVERY].sort(),
    );
  });

  test('the bulk import may invoke its function, run its parts, and read and write its papers', () => {
    const own = (kind: string, name: string): string => `arn:<AWS::Partition>:states:${MACHINE}:${kind}:${name}`;
    expect(permissionsOf(templates.stateless, 'BulkImportRole')).toEqual(
      [
        ...lines('<BulkImportImportImageFunction>:*', 'lambda:InvokeFunction'),
        ...lines(own('stateMachine', 'sightline-bulk-import'), 'states:StartExecution'),
        ...lines(own('execution', 'sightline-bulk-import:*'), 'states:DescribeExecution', 'states:StopExecution'),
        ...lines(own('execution', 'sightline-bulk-import/*:*'), 'states:RedriveExecution'),
        ...lines('images/operations/imports/*', 's3:GetObject', 's3:PutObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'),
        ...WRITE_KEY,
        ...lines('key via s3', 'kms:Encrypt'),
        ...DELIVERY,
      ].sort(),
    );
  });

  test.each([
    ['ReconcileClock', 'reconcile'],
    ['TrendsClock', 'report-trends'],
  ] as const)('%s may invoke its function, and nothing else', (clock, name) => {
    expect(permissionsOf(templates.stateless, clock)).toEqual([`lambda:InvokeFunction <${functionId(name)}Live>`]);
  });

  test('the rule may start executions, and nothing else', () => {
    expect(permissionsOf(templates.stateless, 'UploadTriggerRole')).toEqual(['states:StartExecution <ImageAnalysisStateMachine>']);
  });

  test('each function has a role of its own, without managed or inline policies', () => {
    const roles = FUNCTION_NAMES.map((name) => {
      const fn = resourceOf(templates.stateless, 'AWS::Lambda::Function', functionId(name));
      return (fn.Properties.Role as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
    });
    expect(new Set(roles).size).toBe(FUNCTION_NAMES.length);
    for (const [, role] of resourcesOf(templates.stateless, 'AWS::IAM::Role')) {
      expect(Object.keys(role.Properties)).toEqual(['AssumeRolePolicyDocument']);
    }
    for (const [, policy] of resourcesOf(templates.stateless, 'AWS::IAM::Policy')) expect(policy.Properties.Roles).toHaveLength(1);
  });

  test('there are no roles but those', () => {
    expect(resourcesOf(templates.stateless, 'AWS::IAM::Role')).toHaveLength(FUNCTION_NAMES.length + 5);
    expect(resourcesOf(templates.stateful, 'AWS::IAM::Role')).toHaveLength(0);
  });
});

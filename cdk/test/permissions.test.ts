import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES, pascalCase, type FunctionName } from '../lib/function-names.ts';
import { resourceOf, resourcesOf, templatesOf, type Templates } from './app.ts';
import { permissionsOf } from './permissions.ts';

const lines = (resource: string, ...actions: string[]): string[] => actions.map((action) => `${action} ${resource}`);
const missing = (area: string): string[] => [`s3:ListBucket images where StringLikeIfExists {"s3:prefix":"${area}/*"}`];

const EVERY = [...lines('own-log', 'logs:CreateLogStream', 'logs:PutLogEvents'), ...lines('*', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments')];
const READ_KEY = lines('key', 'kms:Decrypt');
const WRITE_KEY = lines('key', 'kms:Decrypt', 'kms:GenerateDataKey');
const TABLE_KEY = lines(
  'key',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
);
const RECORDS = [...lines('records', 'dynamodb:Query', 'dynamodb:UpdateItem'), ...TABLE_KEY];
const RAW_VERSIONS = ['s3:ListBucketVersions images where StringLike {"s3:prefix":"raw-uploads/*"}'];
const READ_RAW = [...lines('images/raw-uploads/*', 's3:GetObject', 's3:GetObjectVersion'), ...missing('raw-uploads'), ...RAW_VERSIONS, ...READ_KEY];
const TAG_RAW = lines('images/raw-uploads/*', 's3:PutObjectTagging', 's3:PutObjectVersionTagging');
const ANSWERS = [...lines('images/results/*', 's3:GetObject', 's3:PutObject'), ...missing('results'), ...WRITE_KEY];
const analysis = (call: string): string[] => [`rekognition:${call} *`, ...lines('images/processed/*', 's3:GetObject'), ...ANSWERS];
const MACHINE = '<AWS::Region>:<AWS::AccountId>';

const EXPECTED: Record<FunctionName, string[]> = {
  'inspect-image': [...READ_RAW, ...lines('images/processed/*', 's3:PutObject'), ...RECORDS],
  'record-rejection': [
    ...READ_RAW,
    ...lines('images/raw-uploads/*', 's3:GetObjectTagging', 's3:GetObjectVersionTagging'),
    ...TAG_RAW,
    ...lines('images/archived/*', 's3:PutObject', 's3:PutObjectTagging'),
    ...RECORDS,
  ],
  'detect-labels': analysis('DetectLabels'),
  'analyze-faces': analysis('DetectFaces'),
  'detect-text': analysis('DetectText'),
  'moderate-image': analysis('DetectModerationLabels'),
  'send-alert': [...lines('alerts', 'sns:Publish'), ...ANSWERS],
  'request-review': [...RECORDS, `states:SendTaskSuccess arn:<AWS::Partition>:states:${MACHINE}:stateMachine:sightline-image-analysis`],
  'store-record': [
    ...RECORDS,
    ...lines('label-index', 'dynamodb:PutItem'),
    ...lines('images/processed/*', 's3:GetObject', 's3:DeleteObject'),
    ...missing('processed'),
    ...lines('images/archived/*', 's3:PutObject'),
    ...TAG_RAW,
    ...missing('raw-uploads'),
    ...RAW_VERSIONS,
  ],
  'record-failure': [
    ...READ_RAW,
    ...RECORDS,
    `states:GetExecutionHistory arn:<AWS::Partition>:states:${MACHINE}:execution:sightline-image-analysis:*`,
    ...lines('dead-letters', 'sqs:SendMessage'),
  ],
};

describe('permissions', () => {
  let templates: Templates;
  beforeAll(() => {
    templates = templatesOf();
  });

  test.each(FUNCTION_NAMES)('%s may do exactly what it needs', (name) => {
    expect(permissionsOf(templates.stateless, `Functions${pascalCase(name)}FunctionRole`)).toEqual([...new Set([...EVERY, ...EXPECTED[name]])].sort());
  });

  test('the state machine may invoke exactly its functions, and deliver logs and traces', () => {
    const functions = FUNCTION_NAMES.filter((name) => name !== 'record-failure').map((name) => `<Functions${pascalCase(name)}Function>`);
    expect(permissionsOf(templates.stateless, 'ImageAnalysisRole')).toEqual(
      [
        ...functions.map((name) => `lambda:InvokeFunction ${name}`),
        ...lines(
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
        ),
      ].sort(),
    );
  });

  test('the rule may start executions, and nothing else', () => {
    expect(permissionsOf(templates.stateless, 'ImageAnalysisStateMachineEventsRole')).toEqual(['states:StartExecution <ImageAnalysisStateMachine>']);
  });

  test('each function has a role of its own, without managed or inline policies', () => {
    const roles = FUNCTION_NAMES.map((name) => {
      const fn = resourceOf(templates.stateless, 'AWS::Lambda::Function', `Functions${pascalCase(name)}Function`);
      return (fn.Properties.Role as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
    });
    expect(new Set(roles).size).toBe(FUNCTION_NAMES.length);
    for (const [, role] of resourcesOf(templates.stateless, 'AWS::IAM::Role')) {
      expect(Object.keys(role.Properties)).toEqual(['AssumeRolePolicyDocument']);
    }
    for (const [, policy] of resourcesOf(templates.stateless, 'AWS::IAM::Policy')) expect(policy.Properties.Roles).toHaveLength(1);
  });

  test('there are no roles but those', () => {
    expect(resourcesOf(templates.stateless, 'AWS::IAM::Role')).toHaveLength(FUNCTION_NAMES.length + 2);
    expect(resourcesOf(templates.stateful, 'AWS::IAM::Role')).toHaveLength(0);
  });
});

import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES, PIPELINE_NAMES, TASK_NAMES, type FunctionName } from '../lib/function-names.ts';
import { functionId, resourceOf, resourcesOf, settingsFile, templatesOf, templateWith, type Templates } from './app.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: Statement[] };
  readonly Roles: { readonly Ref: string }[];
}

/** Short names of the resources, by the name that the CDK generates. */
const SHORT_NAMES: readonly [RegExp, string][] = [
  [/ImagesBucket/, 'images'],
  [/DataKey/, 'key'],
  [/RecordsLabelIndex/, 'label-index'],
  [/TrendsTable/, 'trends'],
  [/Records[0-9A-F]{8}StreamArn/, 'records-stream'],
  [/GetAttRecords/, 'records'],
  [/^TopicsAlerts/, 'alerts'],
  [/^TopicsOperations/, 'operations'],
  [/ExportsOutputRefImageAnalysisStateMachine/, 'machine'],
  [/^EventsDeadLetters/, 'dead-letters'],
  [/^TrendsUncounted/, 'uncounted'],
  [/Logs[0-9A-F]{8}$/, 'own-log'],
];

/** Everything that a role may do, one line for each action and resource: `s3:GetObject images/raw-uploads/*`. */
function permissionsOf(template: Template, rolePrefix: string): string[] {
  const lines = resourcesOf(template, 'AWS::IAM::Policy')
    .map(([, resource]) => resource.Properties as unknown as Policy)
    .filter((policy) => policy.Roles.some((role) => role.Ref.startsWith(rolePrefix)))
    .flatMap((policy) => policy.PolicyDocument.Statement.flatMap(linesOf));
  return [...new Set(lines)].sort();
}

function linesOf(statement: Statement): string[] {
  const actions = [statement.Action].flat();
  const resources = [statement.Resource].flat().map(flat);
  const where = Object.entries(statement.Condition ?? {}).map(([operator, condition]) => conditionOf(operator, condition));
  const effect = statement.Effect === 'Allow' ? '' : `${statement.Effect} `;
  return actions.flatMap((action) => resources.map((resource) => `${effect}${action} ${resource}${where.join()}`));
}

/** ` via s3` if only S3 may use the key for the role; any other condition as it is. */
function conditionOf(operator: string, condition: Record<string, unknown>): string {
  const flattened = Object.fromEntries(Object.entries(condition).map(([key, value]) => [key, flat(value)]));
  const via = /^([a-z0-9]+)\.(<AWS::Region>|[a-z0-9-]+)\.amazonaws\.com$/.exec(flattened['kms:ViaService'] ?? '');
  if (operator === 'StringEquals' && via && Object.keys(condition).length === 1) return ` via ${via[1]}${via[2] === '<AWS::Region>' ? '' : `.${via[2]}`}`;
  return ` where ${operator} ${JSON.stringify(flattened)}`;
}

/** A value of a template as text: references by their short names, or flattened. */
function flat(node: unknown): string {
  if (typeof node === 'string') return node;
  const [entry] = Object.entries(node as Record<string, unknown>);
  if (!entry) return '';
  const [kind, value] = entry;
  if (kind === 'Fn::Join') return ((value as [string, unknown[]])[1]).map(flat).join('');
  const name = kind === 'Fn::GetAtt' ? ((value as string[])[0] ?? '') : String(value);
  return SHORT_NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? `<${name.replace(/[0-9A-F]{8}$/, '')}>`;
}

const lines = (resource: string, ...actions: string[]): string[] => actions.map((action) => `${action} ${resource}`);
const list = (area: string): string[] => [`s3:ListBucket images where StringLike {"s3:prefix":"${area}/*"}`];

const EVERY_FUNCTION = [...lines('own-log', 'logs:CreateLogStream', 'logs:PutLogEvents'), ...lines('*', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments')];
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
const READ_RAW = [...lines('images/raw-uploads/*', 's3:GetObject', 's3:GetObjectVersion'), ...list('raw-uploads'), ...RAW_VERSIONS, ...READ_KEY];
const READ_TAGS = lines('images/raw-uploads/*', 's3:GetObjectTagging', 's3:GetObjectVersionTagging');
const TAG_RAW = lines('images/raw-uploads/*', 's3:PutObjectTagging', 's3:PutObjectVersionTagging');
const ANSWERS = [...lines('images/results/*', 's3:GetObject', 's3:PutObject'), ...list('results'), ...WRITE_KEY];
const analysis = (call: string): string[] => [`rekognition:${call} *`, ...lines('images/processed/*', 's3:GetObject'), ...ANSWERS];
const MACHINE = '<AWS::Region>:<AWS::AccountId>';
const EXECUTIONS = `arn:<AWS::Partition>:states:${MACHINE}:execution:sightline-image-analysis:*`;

const EXPECTED: Record<FunctionName, string[]> = {
  'inspect-image': [
    ...READ_RAW,
    ...lines('images/processed/*', 's3:PutObject'),
    ...lines('images/archived/*', 's3:GetObject', 's3:DeleteObject'),
    ...list('archived'),
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
    ...list('processed'),
    ...lines('images/archived/*', 's3:PutObject'),
    ...READ_TAGS,
    ...WRITE_KEY,
    ...TAG_RAW,
    ...list('raw-uploads'),
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
    ...list('operations'),
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
  api: [
    ...READ_RAW,
    ...READ_TAGS,
    ...lines('images/raw-uploads/*', 's3:PutObject', 's3:PutObjectTagging', 's3:PutObjectVersionTagging'),
    ...WRITE_KEY,
    ...['processed', 'results', 'archived'].flatMap((area) => [...lines(`images/${area}/*`, 's3:GetObject'), ...list(area)]),
    ...['raw-uploads', 'processed', 'results', 'archived'].flatMap((area) => [...versions(area), ...lines(`images/${area}/*`, 's3:DeleteObjectVersion')]),
    ...RECORDS,
    ...lines('records', 'dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem', 'dynamodb:GetItem', 'dynamodb:PutItem'),
    ...['ContentIndex', 'GalleryIndex', 'WorkQueueIndex'].flatMap((index) => lines(`records/index/${index}`, 'dynamodb:Query')),
    ...lines('label-index', 'dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query'),
    ...lines('trends', 'dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'),
    ...lines('machine', 'states:ListExecutions', 'states:SendTaskSuccess', 'states:StartExecution'),
    ...lines(EXECUTIONS, 'states:DescribeExecution', 'states:GetExecutionHistory', 'states:RedriveExecution', 'states:StopExecution'),
  ],
};

/** What every state machine needs to deliver logs and traces. */
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

/** The permissions that are needed to read a bucket. */
function readBucket(name: string): string[] {
  const bucket = `arn:<AWS::Partition>:s3:::${name}`;
  const list = `${bucket} where StringLike {"s3:prefix":"?*"}`;
  return [`s3:GetObject ${bucket}/*`, `s3:GetObjectVersion ${bucket}/*`, `s3:ListBucket ${list}`, `s3:ListBucketVersions ${list}`].sort();
}

/** The permissions of import-image that these buckets add. */
function addedForImports(importBuckets: unknown[]): string[] {
  const permissions = (settings: object): string[] =>
    permissionsOf(templatesOf({ settings: settingsFile(settings) }).stateless, `${functionId('import-image')}Role`);
  const before = permissions({});
  return permissions({ importBuckets }).filter((line) => !before.includes(line));
}

describe('permissions', () => {
  let templates: Templates;
  beforeAll(() => {
    templates = templatesOf();
  });

  test.each(FUNCTION_NAMES)('%s has exactly the permissions that it needs', (name) => {
    expect(permissionsOf(templateWith(templates, name), `${functionId(name)}Role`)).toEqual([...new Set([...EVERY_FUNCTION, ...EXPECTED[name]])].sort());
  });

  test('image-analysis may invoke every version of its functions, and deliver logs and traces', () => {
    const functions = TASK_NAMES.map((name) => `<${functionId(name)}>`);
    expect(permissionsOf(templates.stateless, 'ImageAnalysisRole')).toEqual(
      [...functions.map((name) => `lambda:InvokeFunction ${name}:*`), ...DELIVERY].sort(),
    );
  });

  test('bulk-import may invoke its function, run child executions, and read and write its files', () => {
    const machineArn = (kind: string, name: string): string => `arn:<AWS::Partition>:states:${MACHINE}:${kind}:${name}`;
    expect(permissionsOf(templates.stateless, 'BulkImportRole')).toEqual(
      [
        ...lines('<BulkImportImportImageFunction>:*', 'lambda:InvokeFunction'),
        ...lines(machineArn('stateMachine', 'sightline-bulk-import'), 'states:StartExecution'),
        ...lines(machineArn('execution', 'sightline-bulk-import:*'), 'states:DescribeExecution', 'states:StopExecution'),
        ...lines(machineArn('execution', 'sightline-bulk-import/*:*'), 'states:RedriveExecution'),
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
  ] as const)('%s may only invoke its function', (schedule, name) => {
    expect(permissionsOf(templates.stateless, schedule)).toEqual([`lambda:InvokeFunction <${functionId(name)}Live>`]);
  });

  test('the upload rule may only start executions', () => {
    expect(permissionsOf(templates.stateless, 'UploadTriggerRole')).toEqual(['states:StartExecution <ImageAnalysisStateMachine>']);
  });

  test('each function has its own role, without managed or inline policies', () => {
    const roles = FUNCTION_NAMES.map((name) => {
      const fn = resourceOf(templateWith(templates, name), 'AWS::Lambda::Function', functionId(name));
      return (fn.Properties.Role as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
    });
    expect(new Set(roles).size).toBe(FUNCTION_NAMES.length);
    for (const [, role] of resourcesOf(templates.stateless, 'AWS::IAM::Role')) {
      expect(Object.keys(role.Properties)).toEqual(['AssumeRolePolicyDocument']);
    }
    for (const [, policy] of resourcesOf(templates.stateless, 'AWS::IAM::Policy')) expect(policy.Properties.Roles).toHaveLength(1);
  });

  test('there are no other roles', () => {
    expect(resourcesOf(templates.stateless, 'AWS::IAM::Role')).toHaveLength(PIPELINE_NAMES.length + 5);
    expect(resourcesOf(templates.stateful, 'AWS::IAM::Role')).toHaveLength(0);
    // The function, and the CDK's helper that copies the page.
    expect(resourcesOf(templates.web, 'AWS::IAM::Role').map(([id]) => id.slice(0, -8))).toEqual(['ApiApiFunctionRole', 'SiteFilesRole']);
  });

  test('import-image may read the buckets that the settings name, and no others', () => {
    expect(addedForImports(['holiday.photos'])).toEqual(readBucket('holiday.photos'));
  });

  test('import-image may decrypt with the KMS key of a bucket, through S3 in the region of the key', () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const importBuckets = ['holiday.photos', { name: 'archive', kmsKeyArn }];
    expect(addedForImports(importBuckets)).toEqual(
      [...readBucket('holiday.photos'), ...readBucket('archive'), `kms:Decrypt ${kmsKeyArn} via s3.eu-central-1`].sort(),
    );
  });
});

interface Trust {
  readonly Condition: { readonly ArnLike: Record<string, unknown> };
}

/** The trust policy of the one role whose logical ID begins with the prefix. */
function trustOf(role: string): Trust[] {
  const { stateless, web } = templatesOf();
  const { Properties } = resourceOf(role.startsWith('Api') ? web : stateless, 'AWS::IAM::Role', role);
  return (Properties.AssumeRolePolicyDocument as { Statement: Trust[] }).Statement;
}

describe('roles', () => {
  test.each([
    ['ImageAnalysisRole', 'states', 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:*'],
    ['BulkImportRole', 'states', 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:*'],
    ['UploadTriggerRole', 'events', 'arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/*'],
    ['ReconcileClockRole', 'scheduler', 'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/default'],
    ['TrendsClockRole', 'scheduler', 'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/default'],
  ])('%s can only be assumed by %s, for resources of this account', (role, service, source) => {
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

  // Lambda does not document a source for the call that assumes a role; a role cannot be passed to a function of another account.
  test.each(FUNCTION_NAMES)('the role of %s can only be assumed by Lambda', (name) => {
    expect(trustOf(`${functionId(name)}Role`)).toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }]);
  });

  test('may list buckets only with a prefix, and use keys only through one service', () => {
    const { stateless } = templatesOf({ settings: settingsFile({ importBuckets: ['photos', { name: 'archive', kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/k' }] }) });
    const roles = resourcesOf(stateless, 'AWS::IAM::Role').map(([id]) => id);
    const all = roles.flatMap((role) => permissionsOf(stateless, role));
    expect(all.filter((line) => line.startsWith('kms:') && !/ via (s3|sns|dynamodb)(\.eu-west-1)?$/.test(line))).toEqual([]);
    expect(all.filter((line) => line.startsWith('s3:List') && line.includes('Bucket') && !/ where StringLike \{"s3:prefix":"[^"]+"\}$/.test(line))).toEqual([]);
    expect(all.filter((line) => line.startsWith('kms:')).length).toBeGreaterThan(14);
  });
});

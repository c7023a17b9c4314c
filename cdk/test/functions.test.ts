import { Duration, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES, type FunctionName } from '../lib/function-names.ts';
import { DEFAULT_MODERATION_POLICY } from '../lib/moderation-policy.ts';
import { functionId, makeApp, resourceOf, resourcesOf, settingsFile, templatesOf } from './app.ts';

const imported = (name: RegExp): unknown => expect.objectContaining({ 'Fn::ImportValue': expect.stringMatching(name) as unknown });

const RECORDS_TABLE = imported(/RefRecords8/);
const TRENDS_TABLE = imported(/RefTrendsTable/);
const IMAGES_BUCKET = imported(/RefImagesBucket/);
const STATE_MACHINE_ARN = { Ref: expect.stringMatching(/^ImageAnalysisReleaseLive/) as unknown };

const ENVIRONMENT: Record<FunctionName, Record<string, unknown>> = {
  'inspect-image': { RECORDS_TABLE, MAX_BYTES: '15728640', MAX_PIXELS: '50000000', STORE_GPS: 'false' },
  'record-rejection': { RECORDS_TABLE, RETENTION_DAYS: '730' },
  'detect-labels': {
    LABEL_MIN_CONFIDENCE: '80',
    MAX_STORED_LABELS: '10',
    PERSON_MIN_CONFIDENCE: '50',
    TEXT_MIN_CONFIDENCE: '50',
    TEXT_GATE: 'labels',
    WATCHED_LABELS: '["Weapon"]',
    WATCHED_MIN_CONFIDENCE: '60',
  },
  'analyze-faces': { FACE_MIN_CONFIDENCE: '80' },
  'detect-text': { TEXT_LINE_MIN_CONFIDENCE: '80' },
  'moderate-image': { MODERATION_POLICY: JSON.stringify(DEFAULT_MODERATION_POLICY) },
  'send-alert': { ALERTS_TOPIC_ARN: { Ref: expect.stringMatching(/^TopicsAlerts/) as unknown } },
  'request-review': { RECORDS_TABLE, REVIEW_TIMEOUT_SECONDS: '604800' },
  'store-record': {
    RECORDS_TABLE,
    LABEL_INDEX_TABLE: imported(/RefRecordsLabelIndex/),
    RETENTION_DAYS: '730',
  },
  'record-failure': { RECORDS_TABLE, RETENTION_DAYS: '730' },
  reconcile: {
    RECORDS_TABLE,
    IMAGES_BUCKET,
    STATE_MACHINE_ARN,
    RECONCILE_GRACE_SECONDS: '300',
    REKOGNITION_CALLS_PER_SECOND: '0',
    RETENTION_DAYS: '730',
  },
  'count-trends': { RECORDS_TABLE, TRENDS_TABLE },
  'report-trends': { TRENDS_TABLE, OPERATIONS_TOPIC_ARN: { Ref: expect.stringMatching(/^TopicsOperations/) as unknown } },
  'import-image': { RECORDS_TABLE, IMAGES_BUCKET, STATE_MACHINE_ARN },
};

function functionOf(template: Template, name: FunctionName): Record<string, unknown> {
  return resourceOf(template, 'AWS::Lambda::Function', functionId(name)).Properties;
}

function environmentOf(template: Template, name: FunctionName): Record<string, unknown> {
  return (functionOf(template, name).Environment as { Variables: Record<string, unknown> }).Variables;
}

describe('the functions', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  test('are exactly ours, without helpers', () => {
    expect(resourcesOf(template, 'AWS::Lambda::Function')).toHaveLength(FUNCTION_NAMES.length);
  });

  test.each(FUNCTION_NAMES)('%s runs on arm64, small, traced, and with its own log', (name) => {
    const properties = functionOf(template, name);
    expect(properties).toMatchObject({
      Architectures: ['arm64'],
      Handler: 'bootstrap',
      MemorySize: { 'inspect-image': 1024, reconcile: 256 }[name as string] ?? 128,
      Runtime: 'provided.al2023',
      Timeout: (name === 'reconcile' ? Duration.minutes(5) : Duration.seconds(60)).toSeconds(),
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(`^${functionId(name)}Logs`) as unknown } },
    });
    expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(properties).not.toHaveProperty('FunctionName');
  });

  test.each(FUNCTION_NAMES)('%s gets exactly its settings, and what its metrics are told apart by', (name) => {
    expect(environmentOf(template, name)).toEqual({ ...ENVIRONMENT[name], DEPLOYMENT: 'sightline' });
  });

  test('keep their logs for 30 days', () => {
    for (const [, group] of resourcesOf(template, 'AWS::Logs::LogGroup')) expect(group.Properties.RetentionInDays).toBe(30);
    expect(resourcesOf(template, 'AWS::Logs::LogGroup')).toHaveLength(FUNCTION_NAMES.length + 2);
  });

  test('take what a settings file says', () => {
    const settings = settingsFile({
      maxBytes: 1000,
      storeGps: true,
      textGate: 'never',
      watchedLabels: ['Cat', 'Knife & Fork'],
      moderationPolicy: [{ category: 'Alcohol', minConfidence: 55.5, action: 'REVIEW' }],
      logRetentionDays: 7,
      architecture: 'x86_64',
      functionMemoryMb: { 'detect-text': 256, 'inspect-image': 2048 },
    });
    const changed = templatesOf({ settings }).stateless;
    expect(environmentOf(changed, 'inspect-image')).toMatchObject({ MAX_BYTES: '1000', MAX_PIXELS: '50000000', STORE_GPS: 'true' });
    expect(environmentOf(changed, 'detect-labels')).toMatchObject({ TEXT_GATE: 'never', WATCHED_LABELS: '["Cat","Knife & Fork"]' });
    expect(environmentOf(changed, 'moderate-image')).toMatchObject({ MODERATION_POLICY: '[{"category":"Alcohol","minConfidence":55.5,"action":"REVIEW"}]' });
    expect(functionOf(changed, 'detect-text')).toMatchObject({ MemorySize: 256, Architectures: ['x86_64'] });
    expect(functionOf(changed, 'inspect-image')).toMatchObject({ MemorySize: 2048 });
    for (const [, group] of resourcesOf(changed, 'AWS::Logs::LogGroup')) expect(group.Properties.RetentionInDays).toBe(7);
  });

  test.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'RUST_LOG'])('cannot be given %s, not even by an escape hatch', (variable) => {
    const { app, stateless } = makeApp();
    const fn = stateless.node.findAll().find((node) => node instanceof CfnFunction);
    if (!(fn instanceof CfnFunction)) throw new Error('no function');
    expect(Stack.of(fn)).toBe(stateless);
    fn.environment = { variables: { [variable]: 'http://127.0.0.1:1' } };
    expect(() => app.synth()).toThrow(`${variable} may not be set by a template`);
  });
});

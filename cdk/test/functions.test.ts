import { Duration, Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_NAMES, PIPELINE_NAMES, type FunctionName } from '../lib/function-names.ts';
import { DEFAULT_MODERATION_POLICY } from '../lib/settings.ts';
import { functionId, liveOf, makeApp, resourceOf, resourcesOf, settingsFile, templatesOf, templateWith, versionOf, type Templates } from './app.ts';

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
  api: {
    RECORDS_TABLE,
    TRENDS_TABLE,
    IMAGES_BUCKET,
    LABEL_INDEX_TABLE: imported(/RefRecordsLabelIndex/),
    // The machine itself lists its executions, whichever alias started them.
    STATE_MACHINE_ARN: imported(/RefImageAnalysisStateMachine/),
    LIVE_STATE_MACHINE_ARN: imported(/RefImageAnalysisReleaseLive/),
    MEDIA_SECRET: { 'Fn::Join': ['', ['{{resolve:secretsmanager:', imported(/RefMediaSecret/), ':SecretString:::}}']] },
    MAX_BYTES: '15728640',
    MAX_PIXELS: '50000000',
    REKOGNITION_CALLS_PER_SECOND: '0',
  },
};

function functionOf(template: Template, name: FunctionName): Record<string, unknown> {
  return resourceOf(template, 'AWS::Lambda::Function', functionId(name)).Properties;
}

function environmentOf(template: Template, name: FunctionName): Record<string, unknown> {
  return (functionOf(template, name).Environment as { Variables: Record<string, unknown> }).Variables;
}

let templates: Templates;
let template: Template;
beforeAll(() => {
  templates = templatesOf();
  template = templates.stateless;
});

describe('the functions', () => {
  test('include no helper functions of the CDK', () => {
    expect(resourcesOf(template, 'AWS::Lambda::Function')).toHaveLength(PIPELINE_NAMES.length);
  });

  test.each(FUNCTION_NAMES)('%s runs on arm64, with little memory, tracing and its own log group', (name) => {
    const properties = functionOf(templateWith(templates, name), name);
    expect(properties).toMatchObject({
      Architectures: ['arm64'],
      Handler: 'bootstrap',
      MemorySize: { 'inspect-image': 1024, reconcile: 256, api: 256 }[name as string] ?? 128,
      Runtime: 'provided.al2023',
      Timeout: { reconcile: Duration.minutes(5).toSeconds(), api: 29 }[name as string] ?? 60,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(`^${functionId(name)}Logs`) as unknown } },
    });
    expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(properties).not.toHaveProperty('FunctionName');
  });

  test.each(FUNCTION_NAMES)('%s gets exactly its variables, and the name of the deployment', (name) => {
    expect(environmentOf(templateWith(templates, name), name)).toEqual({ ...ENVIRONMENT[name], DEPLOYMENT: 'sightline' });
  });

  test('keep their logs for 30 days', () => {
    for (const [, group] of resourcesOf(template, 'AWS::Logs::LogGroup')) expect(group.Properties.RetentionInDays).toBe(30);
    expect(resourcesOf(template, 'AWS::Logs::LogGroup')).toHaveLength(PIPELINE_NAMES.length + 2);
  });

  test('use the values of a settings file', () => {
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

  test.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'RUST_LOG'])('cannot be given %s, even by an escape hatch', (variable) => {
    const { app, stateless } = makeApp();
    const fn = stateless.node.findAll().find((node) => node instanceof CfnFunction);
    if (!(fn instanceof CfnFunction)) throw new Error('no function');
    expect(Stack.of(fn)).toBe(stateless);
    fn.environment = { variables: { [variable]: 'http://127.0.0.1:1' } };
    expect(() => app.synth()).toThrow(`${variable} may not be set by a template`);
  });
});

const matching = (type: string, id: RegExp, of = template) => resourcesOf(of, type).filter(([found]) => id.test(found));

describe('releases of functions', () => {
  test.each(FUNCTION_NAMES)('%s has a version that later releases keep, and an alias that points at it', (name) => {
    const versions = matching('AWS::Lambda::Version', versionOf(name), templateWith(templates, name));
    expect(versions.map(([, { DeletionPolicy, UpdateReplacePolicy }]) => [DeletionPolicy, UpdateReplacePolicy])).toEqual([['Retain', 'Retain']]);
    const aliases = matching('AWS::Lambda::Alias', liveOf(name), templateWith(templates, name));
    expect(aliases.map(([, { Properties }]) => Properties)).toEqual([
      {
        FunctionName: expect.anything() as unknown,
        FunctionVersion: { 'Fn::GetAtt': [versions[0]?.[0], 'Version'] },
        Name: 'live',
      },
    ]);
  });

  test('change only for functions that changed', () => {
    const changed = templatesOf({ settings: settingsFile({ textLineMinConfidence: 70 }) }).stateless;
    const version = (name: (typeof PIPELINE_NAMES)[number], of = template): unknown => matching('AWS::Lambda::Version', versionOf(name), of)[0]?.[0];
    expect(version('detect-text', changed)).not.toBe(version('detect-text'));
    for (const name of PIPELINE_NAMES.filter((other) => other !== 'detect-text')) expect(version(name, changed)).toBe(version(name));
  });

  test('all change with the release id, so that a rolled back release can be deployed again', () => {
    const versionsOf = (id: string): string[] => resourcesOf(templatesOf({ 'release-id': id }).stateless, 'AWS::Lambda::Version').map(([version]) => version);
    const [plain, first, again, second] = [resourcesOf(template, 'AWS::Lambda::Version').map(([version]) => version), versionsOf('1'), versionsOf('1'), versionsOf('2')];
    expect(again).toEqual(first);
    expect([...plain, ...first, ...second].filter((version, index, all) => all.indexOf(version) === index)).toHaveLength(3 * PIPELINE_NAMES.length);
  });

  test('show the release id in the descriptions and in an output, if there is one', () => {
    const withId = templatesOf({ 'release-id': '2026-11-25T23:41:07Z' }).stateless;
    const descriptions = (of: Template): string[] => resourcesOf(of, 'AWS::Lambda::Function').map(([, { Properties }]) => String(Properties.Description));
    for (const description of descriptions(withId)) expect(description).toMatch(/ \(release 2026-11-25T23:41:07Z\)$/);
    for (const description of descriptions(template)) expect(description).not.toContain('release');
    expect(withId.findOutputs('ReleaseId')).toEqual({ ReleaseId: { Value: '2026-11-25T23:41:07Z' } });
  });

  test('are what every caller uses: nothing calls a function without a version or an alias', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([id]) => id);
    const callers = ['AWS::Events::Rule', 'AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Permission', 'AWS::Scheduler::Schedule', 'AWS::StepFunctions::StateMachine'];
    const text = JSON.stringify(callers.map((type) => resourcesOf(template, type)));
    expect(functions.filter((id) => text.includes(`"${id}"`))).toEqual([]);
  });
});

describe('releases of the state machine', () => {
  test('are versions of its revisions, which later releases keep', () => {
    const version = resourceOf(template, 'AWS::StepFunctions::StateMachineVersion', 'ImageAnalysisReleaseVersion');
    const machine = expect.stringMatching(/^ImageAnalysisStateMachine/) as unknown;
    expect(version).toMatchObject({
      Properties: { StateMachineArn: { 'Fn::GetAtt': [machine, 'Arn'] }, StateMachineRevisionId: { 'Fn::GetAtt': [machine, 'StateMachineRevisionId'] } },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  const aliasIn = (of: Template): unknown => resourceOf(of, 'AWS::StepFunctions::StateMachineAlias', 'ImageAnalysisReleaseLive').Properties;
  const StateMachineVersionArn = { 'Fn::GetAtt': [expect.stringMatching(/^ImageAnalysisReleaseVersion/), 'Arn'] };

  test('start as a canary with 10 % of the executions, and roll back if error-rate is raised', () => {
    const alarm = { Ref: expect.stringMatching(/^Alarmserrorrate/) as unknown };
    expect(aliasIn(template)).toEqual({
      Name: 'live',
      DeploymentPreference: { Type: 'CANARY', Percentage: 10, Interval: 15, Alarms: [alarm], StateMachineVersionArn },
    });
  });

  test('take over at once if the context says so', () => {
    const atOnce = templatesOf({ release: 'at-once' }).stateless;
    expect(aliasIn(atOnce)).toEqual({ Name: 'live', DeploymentPreference: { Type: 'ALL_AT_ONCE', StateMachineVersionArn } });
  });
});

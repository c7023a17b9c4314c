import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { functionId, liveOf, resourceOf, resourcesOf, templatesOf } from './app.ts';

const DELIVERY = {
  DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^EventsDeadLetters'), 'Arn'] } },
  RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
};

interface Statement {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Condition?: unknown;
}

const statementsOf = (properties: Record<string, unknown>): Statement[] => (properties.PolicyDocument as { Statement: Statement[] }).Statement;

/** Objects in raw-uploads/ with content, and empty ones with a dot in the key. Folder markers are neither. */
const NOT_A_FOLDER_MARKER = {
  $or: [
    { key: [{ wildcard: 'raw-uploads/*' }], size: [{ numeric: ['>', 0] }] },
    { key: [{ wildcard: 'raw-uploads/*.*' }], size: [0] },
  ],
};

describe('event rules', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  // Injected: nothing; the test reads the rules of the template.
  // Seen: the only rule that starts executions matches events of `raw-uploads/`, so a copy to another area starts none.
  test('row 34: only uploads to raw-uploads/ of our bucket start the state machine', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: [{ 'Fn::ImportValue': Match.stringLikeRegexp('RefImagesBucket') }] }, object: NOT_A_FOLDER_MARKER },
      },
      Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp('^ImageAnalysisReleaseLive') }, ...DELIVERY })],
    });
  });

  test('pass the whole event to the state machine', () => {
    const { Targets } = resourceOf(template, 'AWS::Events::Rule', 'UploadTrigger').Properties as { Targets: object[] };
    expect(Targets).toHaveLength(1);
    expect(Object.keys(Targets[0] ?? {}).filter((key) => key.startsWith('Input'))).toEqual([]);
  });

  test('invoke record-failure for failed, timed out and aborted executions of our machine, started by any alias', () => {
    const machine = { Ref: Match.stringLikeRegexp('^ImageAnalysisStateMachine') };
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [machine, { prefix: { 'Fn::Join': ['', [machine, ':']] } }],
        },
      },
      Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp('^FunctionsRecordFailureFunctionLive') }, ...DELIVERY })],
    });
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: { Ref: Match.stringLikeRegexp('^FunctionsRecordFailureFunctionLive') },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FailureTrigger'), 'Arn'] },
    });
  });

  test('record-failure sends events that it cannot process to the dead-letter queue', () => {
    const { Properties } = resourceOf(template, 'AWS::Lambda::Function', 'FunctionsRecordFailure');
    expect(Properties.DeadLetterConfig).toEqual({ TargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^EventsDeadLetters/), 'Arn'] } });
  });

  test('are two', () => {
    expect(resourcesOf(template, 'AWS::Events::Rule')).toHaveLength(2);
  });

  test('the dead-letter queue is encrypted, keeps events for 14 days, and accepts them only from our rules and over TLS', () => {
    expect(resourceOf(template, 'AWS::SQS::Queue', 'EventsDeadLetters').Properties).toEqual({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
    const statements = statementsOf(resourceOf(template, 'AWS::SQS::QueuePolicy', 'EventsDeadLetters').Properties);
    expect(statements).toContainEqual(expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }));
    const allowed = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed.map(({ Principal }) => Principal)).toEqual([{ Service: 'events.amazonaws.com' }, { Service: 'events.amazonaws.com' }]);
    for (const rule of ['UploadTrigger', 'FailureTrigger']) {
      expect(allowed).toContainEqual(
        expect.objectContaining({ Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(rule), 'Arn'] } } } }),
      );
    }
  });
});

describe('queues', () => {
  test('are two: for undelivered events and for uncounted changes', () => {
    const queues = resourcesOf(templatesOf().stateless, 'AWS::SQS::Queue').map(([name]) => name.replace(/Queue[0-9A-F]{8}$/, ''));
    expect(queues.sort()).toEqual(['EventsDeadLetters', 'TrendsUncounted']);
  });
});

describe('topics', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  test('are two and encrypted with our key', () => {
    const topics = resourcesOf(template, 'AWS::SNS::Topic');
    expect(topics.map(([, { Properties }]) => Properties.DisplayName)).toEqual(['sightline alerts', 'sightline operations']);
    for (const [, { Properties }] of topics) {
      expect(Properties.KmsMasterKeyId).toEqual({ 'Fn::ImportValue': expect.stringMatching(/DataKey/) as unknown });
    }
  });

  test('accept messages only over TLS and from this account', () => {
    const policies = resourcesOf(template, 'AWS::SNS::TopicPolicy');
    expect(policies).toHaveLength(2);
    for (const [, { Properties }] of policies) {
      const denied = statementsOf(Properties).filter(({ Effect }) => Effect === 'Deny');
      expect(denied).toEqual([expect.objectContaining({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]);
    }
    const allowed = (id: string): Statement[] => statementsOf(resourceOf(template, 'AWS::SNS::TopicPolicy', id).Properties).filter(({ Effect }) => Effect === 'Allow');
    expect(allowed('TopicsAlerts')).toEqual([]);
    expect(allowed('TopicsOperations')).toEqual(
      ['cloudwatch', 'budgets'].map((service, index) => ({
        Sid: String(index + 1),
        Action: 'sns:Publish',
        Effect: 'Allow',
        Principal: { Service: `${service}.amazonaws.com` },
        Resource: { Ref: expect.stringMatching(/^TopicsOperations/) as unknown },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } }, ArnLike: { 'aws:SourceArn': expect.anything() as unknown } },
      })),
    );
  });

  test('and other resources are in the outputs that the command line reads', () => {
    expect(Object.keys(template.findOutputs('*')).filter((name) => !name.startsWith('ExportsOutput'))).toEqual([
      'StateMachineArn',
      'LiveStateMachineArn',
      'BulkImportArn',
      'AlertsTopicArn',
      'OperationsTopicArn',
      'RekognitionCallsPerSecond',
      'EventsDeadLetterQueueUrl',
      'RetentionDays',
    ]);
  });
});

describe('schedules', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  test.each([
    ['ReconcileClock', 'reconcile', 'rate(5 minutes)', 300],
    ['TrendsClock', 'report-trends', 'cron(0 6 ? * MON *)', 86_400],
  ] as const)('%s invokes %s: %s', (schedule, name, expression, seconds) => {
    const { Properties } = resourceOf(template, 'AWS::Scheduler::Schedule', schedule);
    expect(Properties).toMatchObject({
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: expression,
      ScheduleExpressionTimezone: 'Etc/UTC',
      State: 'ENABLED',
      Target: {
        Arn: { Ref: expect.stringMatching(liveOf(name)) as unknown },
        RetryPolicy: { MaximumEventAgeInSeconds: seconds, MaximumRetryAttempts: 185 },
      },
    });
    expect(Properties).not.toHaveProperty('Name');
  });

  // Injected: nothing; the test reads the schedule of the template.
  // Seen: reconcile runs every 5 minutes without any event and repairs what is older than 5 minutes, so within 10 minutes.
  test('row 03 row 25: reconcile needs no event to run', () => {
    const { Properties } = resourceOf(template, 'AWS::Scheduler::Schedule', 'ReconcileClock');
    expect(Properties).toMatchObject({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
    const reconcile = resourceOf(template, 'AWS::Lambda::Function', functionId('reconcile')).Properties;
    expect(reconcile).toMatchObject({ Environment: { Variables: { RECONCILE_GRACE_SECONDS: '300' } } });
  });

  test('are two', () => {
    expect(resourcesOf(template, 'AWS::Scheduler::Schedule')).toHaveLength(2);
  });
});

describe('the stream of the records', () => {
  test('is read from its beginning in batches; a change that cannot be counted is retried alone, then sent to the queue', () => {
    const template = templatesOf().stateless;
    const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping');
    const [name, qualifier] = (mappings[0]?.[1].Properties.FunctionName as { 'Fn::Join': [string, [unknown, string]] })['Fn::Join'][1];
    expect(JSON.stringify(name)).toMatch(/"TrendsCountTrendsFunctionLive[0-9A-F]{8}"/);
    expect(qualifier).toBe(':live');
    expect(mappings.map(([, { Properties }]) => Properties)).toEqual([
      {
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [expect.stringMatching(/^TrendsUncountedQueue/) as unknown, 'Arn'] } } },
        EventSourceArn: { 'Fn::ImportValue': expect.stringMatching(/Records.*StreamArn/) as unknown },
        FunctionName: expect.anything() as unknown,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumBatchingWindowInSeconds: 5,
        MaximumRetryAttempts: 20,
        StartingPosition: 'TRIM_HORIZON',
      },
    ]);
    expect(resourceOf(template, 'AWS::SQS::Queue', 'TrendsUncountedQueue').Properties).toMatchObject({ MessageRetentionPeriod: 1_209_600 });
  });
});

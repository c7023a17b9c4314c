import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { resourceOf, resourcesOf, templatesOf } from './app.ts';

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

/** Objects below raw-uploads/ with content, and empty ones whose key holds a dot: a marker of a folder has neither. */
const NOT_A_FOLDER_MARKER = {
  $or: [
    { key: [{ wildcard: 'raw-uploads/*' }], size: [{ numeric: ['>', 0] }] },
    { key: [{ wildcard: 'raw-uploads/*.*' }], size: [0] },
  ],
};

describe('events', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  // Injected: nothing; the rules of the template are read.
  // Seen: the one rule that starts executions takes events of `raw-uploads/` alone, so that a copy written elsewhere starts none.
  test('row 34: of uploads to raw-uploads/ of our bucket, and no others, start the state machine', () => {
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

  test('arrive at the state machine whole', () => {
    const { Targets } = resourceOf(template, 'AWS::Events::Rule', 'UploadTrigger').Properties as { Targets: object[] };
    expect(Targets).toHaveLength(1);
    expect(Object.keys(Targets[0] ?? {}).filter((key) => key.startsWith('Input'))).toEqual([]);
  });

  test('of executions of our machine, by whichever alias, that did not end well reach record-failure', () => {
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

  test('are kept where record-failure cannot handle them', () => {
    const { Properties } = resourceOf(template, 'AWS::Lambda::Function', 'FunctionsRecordFailure');
    expect(Properties.DeadLetterConfig).toEqual({ TargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^EventsDeadLetters/), 'Arn'] } });
  });

  test('have no other rules', () => {
    expect(resourcesOf(template, 'AWS::Events::Rule')).toHaveLength(2);
  });

  test('that could not be delivered are kept for 14 days, encrypted, and come from our rules over TLS only', () => {
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
  test('are those of undelivered events and of changes that could not be counted', () => {
    const queues = resourcesOf(templatesOf().stateless, 'AWS::SQS::Queue').map(([name]) => name.replace(/Queue[0-9A-F]{8}$/, ''));
    expect(queues.sort()).toEqual(['EventsDeadLetters', 'TrendsUncounted']);
  });
});

describe('topics', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  test('are two, encrypted with our key', () => {
    const topics = resourcesOf(template, 'AWS::SNS::Topic');
    expect(topics.map(([, { Properties }]) => Properties.DisplayName)).toEqual(['sightline alerts', 'sightline operations']);
    for (const [, { Properties }] of topics) {
      expect(Properties.KmsMasterKeyId).toEqual({ 'Fn::ImportValue': expect.stringMatching(/DataKey/) as unknown });
    }
  });

  test('are published to over TLS only, and open to no other account', () => {
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

  test('and all else that is needed is told under the names that the command line looks for', () => {
    expect(Object.keys(template.findOutputs('*'))).toEqual([
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

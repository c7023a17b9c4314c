import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { functionId, liveOf, resourceOf, resourcesOf, templatesOf } from './app.ts';

describe('what is called by the clock', () => {
  let template: Template;
  beforeAll(() => {
    template = templatesOf().stateless;
  });

  test.each([
    ['ReconcileClock', 'reconcile', 'rate(5 minutes)', 300],
    ['TrendsClock', 'report-trends', 'cron(0 6 ? * MON *)', 86_400],
  ] as const)('%s calls %s: %s', (clock, name, expression, seconds) => {
    const { Properties } = resourceOf(template, 'AWS::Scheduler::Schedule', clock);
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

  // Injected: nothing; the schedule of the template is read.
  // Seen: reconcile is called every 5 minutes whatever events do, and takes up what is 5 minutes old: 10 minutes in all.
  test('row 03 row 25: reconcile needs no event to run', () => {
    const { Properties } = resourceOf(template, 'AWS::Scheduler::Schedule', 'ReconcileClock');
    expect(Properties).toMatchObject({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
    const reconcile = resourceOf(template, 'AWS::Lambda::Function', functionId('reconcile')).Properties;
    expect(reconcile).toMatchObject({ Environment: { Variables: { RECONCILE_GRACE_SECONDS: '300' } } });
  });

  test('is nothing else', () => {
    expect(resourcesOf(template, 'AWS::Scheduler::Schedule')).toHaveLength(2);
  });
});

describe('the stream of the records', () => {
  test('is counted from its beginning, in batches; what cannot be counted is tried again alone, and then set aside', () => {
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

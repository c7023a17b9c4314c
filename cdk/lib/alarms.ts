import { Duration } from 'aws-cdk-lib';
import { Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Bell } from './bell.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { sum, type Metrics } from './metrics.ts';
import type { TaskFunction } from './task-function.ts';

export interface Watched {
  readonly metrics: Metrics;
  readonly deadLetterQueue: IQueue;
  /** The functions whose errors no execution shows: at most 10, as many metrics as an alarm takes. */
  readonly unseen: ReadonlyMap<FunctionName, TaskFunction>;
  readonly reconcile: TaskFunction;
  readonly countTrends: TaskFunction;
  /** Where changes are noted that count-trends could not count. */
  readonly uncounted: IQueue;
}

const PERIOD = Duration.minutes(5);

/** Makes the alarms about what is worth waking somebody, beside the state machine's error rate, which is its own concern. */
export function makeAlarms(bell: Bell, { metrics, deadLetterQueue, unseen, reconcile, countTrends, uncounted }: Watched): void {
  bell.watch('dead-letters', {
    metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    over: 0,
    means: 'Events could not be delivered, or their failure could not be recorded.',
  });
  bell.watch('orphans', {
    metric: metrics.of('Orphans', Stats.SUM),
    over: 0,
    // EventBridge delivers no events of a new bucket for some five minutes, which two runs of reconcile make up for. Within six hours
    // a third run with orphans means that events get lost, also where uploads are rare.
    periods: 3,
    within: 72,
    means: 'Uploads started no execution, three times within six hours; reconcile has started them.',
  });
  bell.watch('not-reconciled', {
    metric: metrics.of('NotReconciled', Stats.SUM),
    over: 0,
    means: 'reconcile could not deal with an image, or not read its record.',
  });
  bell.watch('review-overdue', { metric: metrics.of('ReviewQueueAge', Stats.MAXIMUM), over: 86_400, means: 'A review has waited for more than a day.' });
  bell.watch('throttled-calls', { metric: metrics.of('Throttles', Stats.SUM), over: 0, periods: 3, means: 'AWS has throttled our calls for 15 minutes.' });
  bell.watch('throttled-functions', {
    // Without dimensions it counts all functions of the account and region. None of ours reserves concurrency, so one alarm on one
    // metric sees the throttling of each.
    metric: new Metric({ namespace: 'AWS/Lambda', metricName: 'Throttles', period: PERIOD, statistic: Stats.SUM }),
    over: 0,
    means: "Lambda refuses calls: the account's concurrency is used up.",
  });
  bell.watch('failed-functions', {
    metric: errors(unseen),
    // Each is called again: reconcile after 5 minutes, the others up to twice within minutes. One failure, such as that of a role
    // which is seconds old, mends itself.
    over: 2,
    means: 'A function fails again and again whose failures no execution shows.',
  });
  bell.watch('trends-behind', {
    metric: countTrends.fn.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM }),
    over: Duration.hours(1).toMilliseconds(),
    // A new deployment over old tables reads changes of a whole day at first, and is through within minutes.
    periods: 3,
    means: 'What changed more than an hour ago is not counted yet; after a day it is lost to the trends.',
  });
  bell.watch('trends-uncounted', {
    metric: uncounted.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    over: 0,
    means: 'Changes of records could not be counted and were set aside: the trends miss them.',
  });
  bell.watchSilence('reconcile-stopped', reconcile.fn.metricInvocations({ period: PERIOD }), 'Nothing has called reconcile for 15 minutes.');
}

/** Errors of all these functions within a quarter of an hour. */
function errors(functions: ReadonlyMap<FunctionName, TaskFunction>): IMetric {
  const period = Duration.minutes(15);
  return sum(Object.fromEntries([...functions].map(([name, task]) => [`of${pascalCase(name)}`, task.fn.metricErrors({ period })])), period);
}

import { Duration } from 'aws-cdk-lib';
import { Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Bell } from './bell.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { sum, type Metrics } from './metrics.ts';
import type { TaskFunction } from './task-function.ts';

export interface Watched {
  readonly metrics: Metrics;
  readonly deadLetterQueue: IQueue;
  /** The functions that Step Functions or a status event calls: at most 10, as many metrics as an alarm takes. */
  readonly pipeline: ReadonlyMap<FunctionName, TaskFunction>;
  /** The functions whose errors no execution shows. */
  readonly unseen: ReadonlyMap<FunctionName, TaskFunction>;
  readonly reconcile: TaskFunction;
  readonly countTrends: TaskFunction;
  /** Where changes are noted that count-trends could not count. */
  readonly uncounted: IQueue;
}

const PERIOD = Duration.minutes(5);

/** Makes the alarms about what is worth waking somebody, beside the state machine's error rate, which is its own concern. */
export function makeAlarms(bell: Bell, { metrics, deadLetterQueue, pipeline, unseen, reconcile, countTrends, uncounted }: Watched): void {
  bell.watch('dead-letters', {
    metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    over: 0,
    means: 'Events could not be delivered, or their failure could not be recorded.',
  });
  bell.watch('orphans', { metric: metrics.of('Orphans', Stats.SUM), over: 0, means: 'Uploads started no execution; reconcile has started them.' });
  bell.watch('not-reconciled', { metric: metrics.of('NotReconciled', Stats.SUM), over: 0, means: 'reconcile could not deal with an image, or not read its record.' });
  bell.watch('review-overdue', { metric: metrics.of('ReviewQueueAge', Stats.MAXIMUM), over: 86_400, means: 'A review has waited for more than a day.' });
  bell.watch('throttled-calls', { metric: metrics.of('Throttles', Stats.SUM), over: 0, periods: 3, means: 'AWS has throttled our calls for 15 minutes.' });
  bell.watch('throttled-functions', {
    metric: total(pipeline, (task) => task.fn.metricThrottles({ period: PERIOD })),
    over: 0,
    means: "The account's Lambda concurrency is used up.",
  });
  bell.watch('failed-functions', {
    metric: total(unseen, (task) => task.fn.metricErrors({ period: PERIOD })),
    over: 0,
    means: 'A function fails whose failures no execution shows.',
  });
  bell.watch('trends-behind', {
    metric: countTrends.fn.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM }),
    over: Duration.hours(1).toMilliseconds(),
    means: 'What changed more than an hour ago is not counted yet; after a day it is lost to the trends.',
  });
  bell.watch('trends-uncounted', {
    metric: uncounted.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    over: 0,
    means: 'Changes of records could not be counted and were set aside: the trends miss them.',
  });
  bell.watchSilence('reconcile-stopped', reconcile.fn.metricInvocations({ period: PERIOD }), 'Nothing has called reconcile for 15 minutes.');
}

/** A metric, summed over functions. */
function total(functions: ReadonlyMap<FunctionName, TaskFunction>, metric: (task: TaskFunction) => IMetric): IMetric {
  return sum(Object.fromEntries([...functions].map(([name, task]) => [`of${pascalCase(name)}`, metric(task)])), PERIOD);
}

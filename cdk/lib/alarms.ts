import { Duration } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Alarm, ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData, type AlarmProps, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import type { Topics } from './messaging.ts';
import { sum, type Metrics } from './metrics.ts';
import type { TaskFunction } from './task-function.ts';

const PERIOD = Duration.minutes(5);

export interface AlarmsProps {
  readonly environment: Environment;
  /** Name of the deployment; the names of the alarms begin with it. */
  readonly deployment: string;
  readonly topics: Topics;
}

/** When an alarm is raised, and what it means. docs/operations.md describes under its name what to do; a test compares. */
export interface Threshold {
  readonly metric: IMetric;
  /** The alarm is raised above this value. */
  readonly above: number;
  /** Number of periods that must be above it. @default 1 */
  readonly periods?: number;
  /** Number of periods among which they are counted. @default `periods`: they must be consecutive */
  readonly within?: number;
  /** One sentence for the operator. */
  readonly description: string;
}

/** The resources that the alarms of the pipeline watch. */
export interface AlarmSources {
  readonly metrics: Metrics;
  readonly deadLetterQueue: IQueue;
  /** Functions that run outside of executions, so that no execution shows their errors; at most 10, the metrics that an alarm can have. */
  readonly outsideExecutions: ReadonlyMap<FunctionName, TaskFunction>;
  readonly reconcile: TaskFunction;
  readonly countTrends: TaskFunction;
  /** The queue of changes that count-trends could not count. */
  readonly uncounted: IQueue;
}

/** Creates alarms. Each notifies the operations topic when it is raised and when it is over. */
export class Alarms extends Construct {
  private readonly props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.props = props;
  }

  /** Raises an alarm if a metric is above a threshold. Returns undefined if it needs metric math that the environment lacks. */
  raiseAbove(name: string, { metric, above, periods = 1, within = periods, description }: Threshold): Alarm | undefined {
    if (metric instanceof MathExpression && !this.props.environment.hasMetricMath) return undefined;
    return this.create(name, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: within,
      datapointsToAlarm: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    });
  }

  /**
   * Raises an alarm if a metric that should always have data has had none for three periods. Missing data changes the alarm from OK to
   * INSUFFICIENT_DATA, which notifies the topic. A new alarm starts as INSUFFICIENT_DATA without a change, so it is not raised
   * before the first data.
   */
  raiseOnSilence(name: string, metric: IMetric, description: string): void {
    const alarm = this.create(name, {
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.MISSING,
      alarmDescription: description,
    });
    alarm.addInsufficientDataAction(new SnsAction(this.props.topics.operations));
  }

  /** Creates all alarms of the pipeline except error-rate, which ImageAnalysis creates because a release depends on it. */
  raiseForPipeline({ metrics, deadLetterQueue, outsideExecutions, reconcile, countTrends, uncounted }: AlarmSources): void {
    this.raiseAbove('dead-letters', {
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      above: 0,
      description: 'An event could not start an execution, or a failed execution could not be recorded.',
    });
    this.raiseAbove('orphans', {
      metric: metrics.of('Orphans', Stats.SUM),
      above: 0,
      // EventBridge delivers no events of a new bucket for about five minutes, so two runs of reconcile may find orphans. A third run
      // with orphans within six hours means that events get lost, even if uploads are rare.
      periods: 3,
      within: 72,
      description: 'Uploads started no execution, in three five-minute periods within six hours. reconcile has started them.',
    });
    this.raiseAbove('not-reconciled', {
      metric: metrics.of('NotReconciled', Stats.SUM),
      above: 0,
      description: 'reconcile could not repair an image, or could not read its record.',
    });
    this.raiseAbove('review-overdue', {
      metric: metrics.of('ReviewQueueAge', Stats.MAXIMUM),
      above: Duration.days(1).toSeconds(),
      description: 'A review has been open for more than a day.',
    });
    this.raiseAbove('throttled-calls', {
      metric: metrics.of('Throttles', Stats.SUM),
      above: 0,
      periods: 3,
      description: 'AWS has throttled calls of the functions for 15 minutes.',
    });
    this.raiseAbove('throttled-functions', {
      // Without dimensions, the metric counts all functions of the account and region. Our functions reserve no concurrency, so this
      // one metric includes the throttling of each of them.
      metric: new Metric({ namespace: 'AWS/Lambda', metricName: 'Throttles', period: PERIOD, statistic: Stats.SUM }),
      above: 0,
      description: "Lambda throttles invocations: the account's concurrency is exhausted.",
    });
    this.raiseAbove('failed-functions', {
      metric: sumOfErrors(outsideExecutions),
      // Each function is called again: reconcile after 5 minutes, the others up to twice within minutes. So one failure, for example
      // because a new role is not effective yet, repairs itself.
      above: 2,
      description: 'Functions that run outside of executions have failed more than twice within 15 minutes.',
    });
    this.raiseAbove('trends-behind', {
      metric: countTrends.fn.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM }),
      above: Duration.hours(1).toMilliseconds(),
      // A new deployment with existing tables first reads the changes of a whole day, which takes a few minutes.
      periods: 3,
      description: 'Changes older than an hour are not counted yet. After 24 hours the trends lose them.',
    });
    this.raiseAbove('trends-uncounted', {
      metric: uncounted.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      above: 0,
      description: 'Changes of records could not be counted, so the trends lack them.',
    });
    this.raiseOnSilence('reconcile-stopped', reconcile.fn.metricInvocations({ period: PERIOD }), 'reconcile has not been invoked for 15 minutes.');
  }

  private create(name: string, props: AlarmProps & { readonly alarmDescription: string }): Alarm {
    const { deployment, topics } = this.props;
    const alarm = new Alarm(this, name, {
      ...props,
      alarmName: `${deployment}-${name}`,
      alarmDescription: `${props.alarmDescription} What to do: docs/operations.md, Alarms, ${name}.`,
    });
    const notify = new SnsAction(topics.operations);
    alarm.addAlarmAction(notify);
    alarm.addOkAction(notify);
    return alarm;
  }
}

/** The errors of all these functions within 15 minutes. */
function sumOfErrors(functions: ReadonlyMap<FunctionName, TaskFunction>): IMetric {
  const period = Duration.minutes(15);
  return sum(Object.fromEntries([...functions].map(([name, task]) => [`of${pascalCase(name)}`, task.fn.metricErrors({ period })])), period);
}

export interface BudgetProps {
  /** Monthly budget of the account, in dollars. */
  readonly monthlyUsd: number;
  readonly topics: Topics;
}

/**
 * Notifies the operations topic when the forecast exceeds 80 % of the account's monthly budget, and when all of it is spent.
 *
 * It has no filter by tags: Rekognition's image calls, 90 % of our cost, have no tags, and tags count only after somebody has
 * activated them for billing. A budget without matching costs would never notify anybody.
 */
export class Budget extends Construct {
  constructor(scope: Construct, id: string, props: BudgetProps) {
    super(scope, id);
    const subscribers = [{ subscriptionType: 'SNS', address: props.topics.operations.topicArn }];
    const notification = (notificationType: 'FORECASTED' | 'ACTUAL', threshold: number): CfnBudget.NotificationWithSubscribersProperty => ({
      notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
      subscribers,
    });
    new CfnBudget(this, 'Budget', {
      budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount: props.monthlyUsd, unit: 'USD' } },
      notificationsWithSubscribers: [notification('FORECASTED', 80), notification('ACTUAL', 100)],
    });
  }
}

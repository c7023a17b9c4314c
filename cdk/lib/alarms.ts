import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, MathExpression, Stats, TreatMissingData, type AlarmProps, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { errorRate, sum, type Metrics } from './metrics.ts';
import type { TaskFunction } from './task-function.ts';
import type { Topics } from './topics.ts';

export interface AlarmsProps {
  readonly environment: Environment;
  /** Begins the names of the alarms. */
  readonly deployment: string;
  readonly metrics: Metrics;
  readonly topics: Topics;
  readonly stateMachine: StateMachine;
  readonly deadLetterQueue: IQueue;
  /** The functions that Step Functions or a status event calls: at most 10, as many metrics as an alarm takes. */
  readonly pipeline: ReadonlyMap<FunctionName, TaskFunction>;
  /** The functions whose errors no execution shows. */
  readonly unseen: ReadonlyMap<FunctionName, TaskFunction>;
  readonly reconcile: TaskFunction;
  readonly countTrends: TaskFunction;
}

/** What to do about each stands in docs/operations.md; a test compares. */
interface Watch {
  readonly metric: IMetric;
  /** The alarm rings above this. */
  readonly over: number;
  /** For how many periods in a row. @default 1 */
  readonly periods?: number;
  readonly means: string;
}

const PERIOD = Duration.minutes(5);

/** What is worth waking somebody: each tells the operations topic when it begins, and when it is over. */
export class Alarms extends Construct {
  /** Rolls back a release that raises it. */
  readonly errorRate: Alarm | undefined;
  private readonly props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.props = props;
    const { metrics, stateMachine, deadLetterQueue, reconcile, countTrends } = props;
    this.errorRate = this.watch('error-rate', { metric: errorRate(stateMachine, PERIOD), over: 1, means: 'More than 1 % of the executions fail.' });
    this.watch('dead-letters', {
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      over: 0,
      means: 'Events could not be delivered, or their failure could not be recorded.',
    });
    this.watch('orphans', { metric: metrics.of('Orphans', Stats.SUM), over: 0, means: 'Uploads started no execution; reconcile has started them.' });
    this.watch('review-overdue', { metric: metrics.of('ReviewQueueAge', Stats.MAXIMUM), over: 86_400, means: 'A review has waited for more than a day.' });
    this.watch('throttled-calls', { metric: metrics.of('Throttles', Stats.SUM), over: 0, periods: 3, means: 'AWS has throttled our calls for 15 minutes.' });
    this.watch('throttled-functions', { metric: this.throttles(), over: 0, means: "The account's Lambda concurrency is used up." });
    this.watch('failed-functions', { metric: this.errors(), over: 0, means: 'A function fails whose failures no execution shows.' });
    this.watch('trends-behind', {
      metric: countTrends.fn.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM }),
      over: Duration.hours(1).toMilliseconds(),
      means: 'What changed more than an hour ago is not counted yet; after a day it is lost to the trends.',
    });
    this.watchSilence('reconcile-stopped', reconcile.fn.metricInvocations({ period: PERIOD }), 'Nothing has called reconcile for 15 minutes.');
  }

  private throttles(): IMetric {
    return sum(each(this.props.pipeline, (task) => task.fn.metricThrottles({ period: PERIOD })), PERIOD, 'throttled calls of functions');
  }

  private errors(): IMetric {
    return sum(each(this.props.unseen, (task) => task.fn.metricErrors({ period: PERIOD })), PERIOD, 'errors of functions');
  }

  private watch(name: string, { metric, over, periods = 1, means }: Watch): Alarm | undefined {
    if (metric instanceof MathExpression && !this.props.environment.metricMath) return undefined;
    return this.alarm(name, {
      metric,
      threshold: over,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: means,
    });
  }

  /** For what must happen all the time. */
  private watchSilence(name: string, metric: IMetric, means: string): void {
    this.alarm(name, {
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
      alarmDescription: means,
    });
  }

  private alarm(name: string, props: AlarmProps): Alarm {
    const { deployment, topics } = this.props;
    const alarm = new Alarm(this, name, {
      ...props,
      alarmName: `${deployment}-${name}`,
      alarmDescription: `${props.alarmDescription ?? ''} What to do: docs/operations.md, Alarms, ${name}.`,
    });
    const tell = new SnsAction(topics.operations);
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
    return alarm;
  }
}

/** A metric of each function, under a name that metric maths takes. */
function each(functions: ReadonlyMap<FunctionName, TaskFunction>, metric: (task: TaskFunction) => IMetric): Record<string, IMetric> {
  return Object.fromEntries([...functions].map(([name, task]) => [`of${pascalCase(name)}`, metric(task)]));
}

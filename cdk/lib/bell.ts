import { Alarm, ComparisonOperator, MathExpression, TreatMissingData, type AlarmProps, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import type { Topics } from './topics.ts';

export interface BellProps {
  readonly environment: Environment;
  /** Begins the names of the alarms. */
  readonly deployment: string;
  readonly topics: Topics;
}

/** What an alarm is about. What to do about it stands in docs/operations.md, under its name; a test compares. */
export interface Watch {
  readonly metric: IMetric;
  /** The alarm rings above this. */
  readonly over: number;
  /** For how many periods. @default 1 */
  readonly periods?: number;
  /** Within how many periods. @default as many: in a row */
  readonly within?: number;
  /** In one sentence. */
  readonly means: string;
}

/** Makes alarms: each tells the operations topic when it begins, and when it is over. */
export class Bell extends Construct {
  private readonly props: BellProps;

  constructor(scope: Construct, id: string, props: BellProps) {
    super(scope, id);
    this.props = props;
  }

  /** Rings when there is too much of something. Where the environment knows no metric maths, an alarm that needs it is left out. */
  watch(name: string, { metric, over, periods = 1, within = periods, means }: Watch): Alarm | undefined {
    if (metric instanceof MathExpression && !this.props.environment.metricMath) return undefined;
    return this.alarm(name, {
      metric,
      threshold: over,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: within,
      datapointsToAlarm: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: means,
    });
  }

  /**
   * Rings when something does not happen that must happen all the time: for three periods. What does not happen sends no data
   * then, so the alarm reports the change from OK to INSUFFICIENT_DATA. A new alarm begins as INSUFFICIENT_DATA: it changes only
   * once there is data, to OK, so it does not ring before the first time.
   */
  watchSilence(name: string, metric: IMetric, means: string): void {
    const alarm = this.alarm(name, {
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.MISSING,
      alarmDescription: means,
    });
    alarm.addInsufficientDataAction(new SnsAction(this.props.topics.operations));
  }

  private alarm(name: string, props: AlarmProps & { readonly alarmDescription: string }): Alarm {
    const { deployment, topics } = this.props;
    const alarm = new Alarm(this, name, {
      ...props,
      alarmName: `${deployment}-${name}`,
      alarmDescription: `${props.alarmDescription} What to do: docs/operations.md, Alarms, ${name}.`,
    });
    const tell = new SnsAction(topics.operations);
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
    return alarm;
  }
}

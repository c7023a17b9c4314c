import { Duration, Stack } from 'aws-cdk-lib';
import { Dashboard as CloudWatchDashboard, GraphWidget, LogQueryVisualizationType, LogQueryWidget, SingleValueWidget, Stats, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { errorRate, OUTCOMES, sum, type Metrics } from './metrics.ts';
import type { TaskFunction } from './task-function.ts';

export interface DashboardProps {
  /** Name of the deployment; the name of the dashboard begins with it. */
  readonly deployment: string;
  readonly metrics: Metrics;
  readonly stateMachine: StateMachine;
  readonly deadLetterQueue: IQueue;
  readonly countTrends: TaskFunction;
}

const PERIOD = Duration.minutes(5);

/** One page with throughput, latency, errors, open work, outcomes and cost. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    new CloudWatchDashboard(this, 'Dashboard', {
      // Names of dashboards are unique in an account, not in a region.
      dashboardName: `${props.deployment}-${Stack.of(this).region}`,
      defaultInterval: Duration.hours(24),
      widgets: [throughput(props), openWork(props), outcomes(props)],
    });
  }
}

function throughput({ metrics, stateMachine }: DashboardProps): IWidget[] {
  const images = Object.fromEntries(OUTCOMES.map((outcome) => [outcome.toLowerCase(), metrics.images(outcome)]));
  const percentiles = [50, 95, 99].map((p) => metrics.of('EndToEndSeconds', Stats.percentile(p), `p${p}`));
  return [
    graph('Throughput: images per 5 minutes', [sum(images, PERIOD, 'done'), stateMachine.metricStarted({ label: 'executions started', period: PERIOD })]),
    graph('Latency: seconds from upload to record', percentiles),
    graph('Failed executions, %', [errorRate(stateMachine, PERIOD)]),
  ];
}

function openWork({ metrics, deadLetterQueue }: DashboardProps): IWidget[] {
  return [
    graph('Open reviews: age of the oldest in seconds, and count', [metrics.of('ReviewQueueAge', Stats.MAXIMUM, 'oldest')], [metrics.of('ReviewQueueLength', Stats.MAXIMUM, 'waiting')]),
    graph('Messages in the dead-letter queue', [deadLetterQueue.metricApproximateNumberOfMessagesVisible({ label: 'messages', statistic: Stats.MAXIMUM, period: PERIOD })]),
    graph('Repaired by reconcile', [
      metrics.of('Orphans', Stats.SUM, 'uploads without a record'),
      metrics.of('StuckRecords', Stats.SUM, 'records without an execution'),
      metrics.of('UndeliveredDecisions', Stats.SUM, 'undelivered decisions'),
      metrics.of('NotReconciled', Stats.SUM, 'not repaired'),
    ]),
  ];
}

function outcomes({ metrics, countTrends }: DashboardProps): IWidget[] {
  return [
    new GraphWidget({ title: 'Outcomes', left: OUTCOMES.map((outcome) => metrics.images(outcome)), stacked: true, ...SIZE }),
    new SingleValueWidget({ title: 'Cost of 1,000 images, USD', metrics: [metrics.costPerThousand()], setPeriodToTimeRange: true, width: 4, height: 6 }),
    new LogQueryWidget({
      title: 'Top labels',
      logGroupNames: [countTrends.logGroup.logGroupName],
      view: LogQueryVisualizationType.BAR,
      queryLines: ['filter message = "label counted"', 'stats count(*) as images by label', 'sort images desc', 'limit 10'],
      width: 6,
      height: 6,
    }),
    graph('Throttled calls to AWS', [metrics.of('Throttles', Stats.SUM, 'throttled')], [], 6),
  ];
}

const SIZE = { width: 8, height: 6 };

function graph(title: string, left: IMetric[], right: IMetric[] = [], width = SIZE.width): GraphWidget {
  return new GraphWidget({ title, left, right, width, height: SIZE.height });
}

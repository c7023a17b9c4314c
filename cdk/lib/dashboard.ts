import { Duration } from 'aws-cdk-lib';
import { Dashboard as CloudWatchDashboard, GraphWidget, LogQueryVisualizationType, LogQueryWidget, SingleValueWidget, Stats, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { errorRate, OUTCOMES, sum, type Metrics } from './metrics.ts';
import type { TaskFunction } from './task-function.ts';

export interface DashboardProps {
  /** The dashboard's name. */
  readonly deployment: string;
  readonly metrics: Metrics;
  readonly stateMachine: StateMachine;
  readonly deadLetterQueue: IQueue;
  readonly countTrends: TaskFunction;
}

const PERIOD = Duration.minutes(5);

/** How it goes, on one page: what comes through, how fast, what becomes of it, what waits, what it costs. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: props.deployment,
      defaultInterval: Duration.hours(24),
      widgets: [flow(props), waiting(props), worth(props)],
    });
  }
}

/** What comes through, how fast, and how much of it fails. */
function flow({ metrics, stateMachine }: DashboardProps): IWidget[] {
  const images = Object.fromEntries(OUTCOMES.map((outcome) => [outcome.toLowerCase(), metrics.images(outcome)]));
  const percentiles = [50, 95, 99].map((p) => metrics.of('EndToEndSeconds', Stats.percentile(p), `p${p}`));
  return [
    graph('Throughput: images in 5 minutes', [sum(images, PERIOD, 'done'), stateMachine.metricStarted({ label: 'executions started', period: PERIOD })]),
    graph('Latency: seconds from the upload to the record', percentiles),
    graph('Error rate of executions, %', [errorRate(stateMachine, PERIOD)]),
  ];
}

/** What waits, and what was lost and found again. */
function waiting({ metrics, deadLetterQueue }: DashboardProps): IWidget[] {
  return [
    graph('Reviews: oldest, in seconds', [metrics.of('ReviewQueueAge', Stats.MAXIMUM, 'oldest')], [metrics.of('ReviewQueueLength', Stats.MAXIMUM, 'waiting')]),
    graph('Dead letters', [deadLetterQueue.metricApproximateNumberOfMessagesVisible({ label: 'messages', statistic: Stats.MAXIMUM, period: PERIOD })]),
    graph('Put right by reconcile', [
      metrics.of('Orphans', Stats.SUM, 'uploads without a record'),
      metrics.of('StuckRecords', Stats.SUM, 'records without an execution'),
      metrics.of('UndeliveredDecisions', Stats.SUM, 'decisions not told'),
      metrics.of('NotReconciled', Stats.SUM, 'not put right'),
    ]),
  ];
}

/** What became of the images, what they cost, what is in them, and how the services fare that we call. */
function worth({ metrics, countTrends }: DashboardProps): IWidget[] {
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
    graph('Calls of AWS: answered by throttling', [metrics.of('Throttles', Stats.SUM, 'throttled')], [], 6),
  ];
}

const SIZE = { width: 8, height: 6 };

function graph(title: string, left: IMetric[], right: IMetric[] = [], width = SIZE.width): GraphWidget {
  return new GraphWidget({ title, left, right, width, height: SIZE.height });
}

import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/** The namespace of the functions' own metrics. crates/kit declares the same names, with their units and dimensions. */
const NAMESPACE = 'sightline';

/** Metrics with the dimension Deployment only. */
export type OwnMetric =
  // sent by store-record, for each image
  | 'EndToEndSeconds'
  | 'Microdollars'
  // sent by reconcile
  | 'Orphans'
  | 'StuckRecords'
  | 'UndeliveredDecisions'
  | 'NotReconciled'
  | 'ReviewQueueLength'
  | 'ReviewQueueAge'
  // sent by every function
  | 'Throttles';

/** The final outcomes of an image: a dimension of the metric Images. */
export const OUTCOMES = ['COMPLETED', 'WITHHELD', 'REJECTED', 'FAILED'] as const;

/** The functions' own metrics of one deployment. */
export class Metrics {
  private readonly deployment: string;

  constructor(deployment: string) {
    this.deployment = deployment;
  }

  /** A metric over all functions. */
  of(metricName: OwnMetric, statistic: string, label?: string): Metric {
    return this.metric(metricName, statistic, {}, label);
  }

  /** The number of images with this outcome. */
  images(outcome: (typeof OUTCOMES)[number]): Metric {
    return this.metric('Images', Stats.SUM, { Outcome: outcome }, outcome);
  }

  /** The cost of 1,000 images, in dollars. */
  costPerThousand(): MathExpression {
    return new MathExpression({ expression: 'mean / 1000', usingMetrics: { mean: this.of('Microdollars', Stats.AVERAGE) }, label: 'USD per 1,000 images' });
  }

  private metric(metricName: string, statistic: string, dimensions: Record<string, string>, label?: string): Metric {
    const dimensionsMap = { Deployment: this.deployment, ...dimensions };
    return new Metric({ namespace: NAMESPACE, metricName, statistic, dimensionsMap, ...(label !== undefined && { label }) });
  }
}

/**
 * Percentage of ended executions that failed or timed out. A single failure counts only if no execution succeeded; otherwise one
 * failure among few executions would be a high rate. Aborted executions are not errors: somebody stopped them.
 */
export function errorRate(machine: StateMachine, period: Duration): MathExpression {
  const [failed, timedOut, succeeded] = [machine.metricFailed(), machine.metricTimedOut(), machine.metricSucceeded()];
  return new MathExpression({
    expression: 'IF(failures >= 2 OR (failures == 1 AND ended == 1), 100 * failures / ended, 0)',
    usingMetrics: { failures: sum({ failed, timedOut }, period), ended: sum({ failed, timedOut, succeeded }, period) },
    period,
    label: 'error rate, %',
  });
}

/** The sum of metrics. SUM ignores metrics without data; `a + b` would have no value if one of them has none. */
export function sum(usingMetrics: Readonly<Record<string, IMetric>>, period: Duration, label?: string): MathExpression {
  const expression = `SUM([${Object.keys(usingMetrics).join(', ')}])`;
  return new MathExpression({ expression, usingMetrics: { ...usingMetrics }, period, ...(label !== undefined && { label }) });
}

import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/** What the functions measure themselves: crates/kit has the same names, with their units and dimensions. */
const NAMESPACE = 'sightline';

export type OwnMetric =
  // by store-record, for each image
  | 'EndToEndSeconds'
  | 'Microdollars'
  // by reconcile
  | 'Orphans'
  | 'StuckRecords'
  | 'UndeliveredDecisions'
  | 'NotReconciled'
  | 'ReviewQueueLength'
  | 'ReviewQueueAge'
  // by every function
  | 'Throttles';

/** What an image can come to: a dimension of the metric Images. */
export const OUTCOMES = ['COMPLETED', 'WITHHELD', 'REJECTED', 'FAILED'] as const;

/** The metrics of one deployment. */
export class Metrics {
  private readonly deployment: string;

  constructor(deployment: string) {
    this.deployment = deployment;
  }

  /** Over all functions. */
  of(metricName: OwnMetric, statistic: string, label?: string): Metric {
    return this.metric(metricName, statistic, {}, label);
  }

  /** How many images came to this. */
  images(outcome: (typeof OUTCOMES)[number]): Metric {
    return this.metric('Images', Stats.SUM, { Outcome: outcome }, outcome);
  }

  /** What 1,000 images cost, in dollars. */
  costPerThousand(): MathExpression {
    return new MathExpression({ expression: 'mean / 1000', usingMetrics: { mean: this.of('Microdollars', Stats.AVERAGE) }, label: 'USD per 1,000 images' });
  }

  private metric(metricName: string, statistic: string, dimensions: Record<string, string>, label?: string): Metric {
    const dimensionsMap = { Deployment: this.deployment, ...dimensions };
    return new Metric({ namespace: NAMESPACE, metricName, statistic, dimensionsMap, ...(label !== undefined && { label }) });
  }
}

/**
 * How many percent of the executions that ended have failed. One failure counts only where nothing succeeded: otherwise a
 * single failure among few executions would be a high rate. Aborted ones are no errors: somebody wanted that.
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

/** The sum of metrics. A metric without an event has no value: SUM passes it over, where `a + b` would come to nothing. */
export function sum(usingMetrics: Readonly<Record<string, IMetric>>, period: Duration, label?: string): MathExpression {
  const expression = `SUM([${Object.keys(usingMetrics).join(', ')}])`;
  return new MathExpression({ expression, usingMetrics: { ...usingMetrics }, period, ...(label !== undefined && { label }) });
}

import { Duration, TimeZone, Validations } from 'aws-cdk-lib';
import { EventSourceMapping, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DeadLetterQueue, type Topics } from './messaging.ts';
import type { Records, TrendCounters } from './tables.ts';
import { TaskFunction, TaskSchedule, type FunctionDefaults } from './task-function.ts';

export interface TrendsProps {
  readonly defaults: FunctionDefaults;
  readonly records: Records;
  readonly counters: TrendCounters;
  readonly topics: Topics;
}

/** Counts labels and outcomes of the records, and reports them every week. */
export class Trends extends Construct {
  /** Invoked with the keys of changed records. */
  readonly count: TaskFunction;
  /** Invoked on Mondays. */
  readonly report: TaskFunction;
  /** Receives changes that could not be counted: their positions in the stream, not their records. */
  readonly uncounted: IQueue;

  constructor(scope: Construct, id: string, props: TrendsProps) {
    super(scope, id);
    this.uncounted = this.uncountedQueue();
    this.count = this.countTrends(props);
    this.report = this.reportTrends(props);
  }

  private uncountedQueue(): IQueue {
    const { queue } = new DeadLetterQueue(this, 'Uncounted');
    Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'This is the dead-letter queue of the stream. The rule recognises only dead-letter queues of queues and functions.' });
    return queue;
  }

  private countTrends({ defaults, records, counters }: TrendsProps): TaskFunction {
    const task = new TaskFunction(this, { defaults, name: 'count-trends', description: 'Counts labels and outcomes, once per image' });
    records.grantCondition(task);
    records.grantStream(task);
    counters.grantCount(task);
    // A change that cannot be counted must not block later ones: it is retried alone, then sent to the queue.
    new EventSourceMapping(this, 'Stream', {
      target: task.live,
      eventSourceArn: records.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(5),
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 20,
      onFailure: new SqsDlq(this.uncounted),
    });
    return task;
  }

  private reportTrends({ defaults, counters, topics }: TrendsProps): TaskFunction {
    const task = new TaskFunction(this, { defaults, name: 'report-trends', description: 'Reports labels, outcomes and failures of the week' });
    counters.grantRead(task);
    topics.grantPublishOperations(task);
    new TaskSchedule(this, 'Clock', {
      task,
      description: 'sightline: invokes report-trends on Mondays',
      schedule: ScheduleExpression.cron({ minute: '0', hour: '6', weekDay: 'MON', timeZone: TimeZone.ETC_UTC }),
      validFor: Duration.hours(24),
    });
    return task;
  }
}

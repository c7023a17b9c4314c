import { Duration, TimeZone, Validations } from 'aws-cdk-lib';
import { EventSourceMapping, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { pascalCase } from './function-names.ts';
import type { Records } from './records.ts';
import { TaskFunction, type Workshop } from './task-function.ts';
import { TaskSchedule } from './task-schedule.ts';
import type { Topics } from './topics.ts';
import type { TrendCounters } from './trend-counters.ts';

export interface TrendsProps {
  readonly workshop: Workshop;
  readonly records: Records;
  readonly counters: TrendCounters;
  readonly topics: Topics;
}

/** Counts what records come to, and reports it every week. */
export class Trends extends Construct {
  /** Called with the keys of the records that changed. */
  readonly count: TaskFunction;
  /** Called on Mondays. */
  readonly report: TaskFunction;
  /** Where changes are noted that could not be counted: their places in the stream, not their records. */
  readonly uncounted: IQueue;

  constructor(scope: Construct, id: string, props: TrendsProps) {
    super(scope, id);
    this.uncounted = this.deadLetters();
    this.count = this.counter(props);
    this.report = this.reporter(props);
  }

  private deadLetters(): IQueue {
    const { queue } = new DeadLetterQueue(this, 'Uncounted');
    Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'It is the dead-letter queue of the stream: what cannot be counted ends here. The rule knows those of queues and functions only.' });
    return queue;
  }

  private counter({ workshop, records, counters }: TrendsProps): TaskFunction {
    const name = 'count-trends';
    const task = new TaskFunction(this, `${pascalCase(name)}Function`, { workshop, name, description: 'Counts labels and outcomes, once for each image' });
    records.grantCondition(task);
    records.grantStream(task);
    counters.grantCount(task);
    // One change that cannot be counted must not hold up those behind it: it is tried again a few times, alone, and then set aside.
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

  private reporter({ workshop, counters, topics }: TrendsProps): TaskFunction {
    const name = 'report-trends';
    const task = new TaskFunction(this, `${pascalCase(name)}Function`, { workshop, name, description: 'Reports labels, outcomes and failures of the week' });
    counters.grantRead(task);
    topics.grantPublishOperations(task);
    new TaskSchedule(this, 'Clock', {
      task,
      description: 'sightline: report the trends on Mondays',
      schedule: ScheduleExpression.cron({ minute: '0', hour: '6', weekDay: 'MON', timeZone: TimeZone.ETC_UTC }),
      validFor: Duration.hours(24),
    });
    return task;
  }
}

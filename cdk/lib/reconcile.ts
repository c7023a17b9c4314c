import { Duration } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { ImageAnalysis } from './image-analysis.ts';
import type { ImageBucket } from './image-bucket.ts';
import type { Records } from './tables.ts';
import { TaskFunction, TaskSchedule, type FunctionDefaults } from './task-function.ts';

export interface ReconcileProps {
  readonly defaults: FunctionDefaults;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly imageAnalysis: ImageAnalysis;
}

/** The interval between two runs, and the longest duration of a run. A run that needs more time stops in time; the next one continues. */
const INTERVAL = Duration.minutes(5);

/** Finds and repairs what lost events left behind: the function, and the schedule that invokes it. */
export class Reconcile extends Construct {
  readonly task: TaskFunction;

  constructor(scope: Construct, id: string, props: ReconcileProps) {
    super(scope, id);
    this.task = new TaskFunction(this, {
      defaults: props.defaults,
      name: 'reconcile',
      description: 'Finds and repairs lost uploads, stuck records and undelivered decisions',
      memoryMb: 256, // CPU grows with memory: the function hashes the content of uploads
      timeout: INTERVAL,
    });
    this.grant(props);
    new TaskSchedule(this, 'Clock', {
      task: this.task,
      description: 'sightline: invokes reconcile every 5 minutes',
      schedule: ScheduleExpression.rate(INTERVAL),
      validFor: INTERVAL,
    });
  }

  private grant({ images, records, imageAnalysis }: ReconcileProps): void {
    images.setBucketVariable(this.task);
    images.grantReadUploads(this.task);
    // Tags mark uploads that are already analysed, or erased.
    images.grantObjects(this.task, 'raw-uploads/', 's3:GetObjectTagging', 's3:GetObjectVersionTagging');
    // The bookmark says where the last run stopped.
    images.grantObjects(this.task, 'operations/', 's3:GetObject', 's3:PutObject');
    images.grantListObjects(this.task, 'operations/');
    // Late writes can leave objects of an erased image.
    for (const area of ['processed/', 'results/', 'archived/'] as const) images.grantDeleteVersions(this.task, area);
    records.grantRecords(this.task);
    records.grantOpenWork(this.task);
    imageAnalysis.grantStart(this.task);
    imageAnalysis.grantDescribeExecutions(this.task);
    imageAnalysis.grantSendTaskSuccess(this.task);
  }
}

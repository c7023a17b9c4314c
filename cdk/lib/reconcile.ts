import { Duration } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { pascalCase } from './function-names.ts';
import type { ImageAnalysis } from './image-analysis.ts';
import type { ImageBucket } from './image-bucket.ts';
import type { Records } from './records.ts';
import { TaskFunction, type Workshop } from './task-function.ts';
import { TaskSchedule } from './task-schedule.ts';

export interface ReconcileProps {
  readonly workshop: Workshop;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly imageAnalysis: ImageAnalysis;
}

/** How often it runs, and how long it may: a run that takes longer stops by itself, and the next goes on. */
const EVERY = Duration.minutes(5);

/** Finds what events have missed, and puts it right: the function, and the clock that calls it. */
export class Reconcile extends Construct {
  readonly task: TaskFunction;

  constructor(scope: Construct, id: string, props: ReconcileProps) {
    super(scope, id);
    this.task = new TaskFunction(this, `${pascalCase('reconcile')}Function`, {
      workshop: props.workshop,
      name: 'reconcile',
      description: 'Starts what no event has started, and puts right what no event has closed',
      memoryMb: 256, // with it comes the CPU: uploads are compared by the hash of their content
      timeout: EVERY,
    });
    this.grant(props);
    new TaskSchedule(this, 'Clock', {
      task: this.task,
      description: 'sightline: reconcile every 5 minutes',
      schedule: ScheduleExpression.rate(EVERY),
      validFor: EVERY,
    });
  }

  private grant({ images, records, imageAnalysis }: ReconcileProps): void {
    images.tell(this.task);
    // The tags tell what was analysed already, or erased.
    images.grantObjects(this.task, 'raw-uploads/', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging', 's3:GetObjectVersionTagging');
    images.grantMissing(this.task, 'raw-uploads/');
    images.grantListVersions(this.task, 'raw-uploads/');
    // Where it stopped the last time.
    images.grantObjects(this.task, 'operations/', 's3:GetObject', 's3:PutObject');
    images.grantMissing(this.task, 'operations/');
    // What a late write left of an erased image.
    for (const area of ['processed/', 'results/', 'archived/'] as const) images.grantRemoveVersions(this.task, area);
    records.grantRecords(this.task);
    records.grantOpenWork(this.task);
    imageAnalysis.grantStart(this.task);
    imageAnalysis.grantLook(this.task);
    imageAnalysis.grantTell(this.task);
  }
}

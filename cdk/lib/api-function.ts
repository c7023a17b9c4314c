import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { ImageAnalysis } from './image-analysis.ts';
import type { ImageBucket } from './image-bucket.ts';
import type { MediaSecret } from './media.ts';
import type { Records, TrendCounters } from './tables.ts';
import { TaskFunction, type FunctionDefaults } from './task-function.ts';

export interface ApiFunctionProps {
  readonly defaults: FunctionDefaults;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly trends: TrendCounters;
  readonly imageAnalysis: ImageAnalysis;
  readonly mediaSecret: MediaSecret;
}

/** The function behind the HTTP API, with exactly the permissions of its calls. */
export class ApiFunction extends Construct {
  readonly task: TaskFunction;

  constructor(scope: Construct, id: string, props: ApiFunctionProps) {
    super(scope, id);
    this.task = new TaskFunction(this, {
      defaults: props.defaults,
      name: 'api',
      description: 'Answers the calls of the page',
      memoryMb: 256,
      // HTTP APIs end a call after 30 seconds.
      timeout: Duration.seconds(29),
    });
    this.task.fn.addEnvironment('MEDIA_SECRET', props.mediaSecret.value);
    this.grantImages(props);
    this.grantErase(props);
    this.grantTables(props);
    this.grantExecutions(props);
  }

  /** Presigned links can do only what the role may do: upload an original, and read original, copy and answers. */
  private grantImages({ images }: ApiFunctionProps): void {
    images.setBucketVariable(this.task);
    images.grantObjects(this.task, 'raw-uploads/', 's3:PutObject');
    images.grantReadUploads(this.task);
    for (const area of ['processed/', 'results/', 'archived/'] as const) {
      images.grantObjects(this.task, area, 's3:GetObject');
      images.grantListObjects(this.task, area);
    }
  }

  /** As docs/operations.md lists for `sightline erase`. */
  private grantErase({ images }: ApiFunctionProps): void {
    images.grantTagUploads(this.task);
    for (const area of ['raw-uploads/', 'processed/', 'results/', 'archived/'] as const) images.grantDeleteVersions(this.task, area);
  }

  private grantTables({ records, trends }: ApiFunctionProps): void {
    records.grantGallery(this.task);
    records.grantEdit(this.task);
    records.grantReviews(this.task);
    records.grantErase(this.task);
    trends.grantRead(this.task);
    // The counts of an erased image.
    trends.grantCount(this.task);
  }

  private grantExecutions({ imageAnalysis }: ApiFunctionProps): void {
    imageAnalysis.grantStart(this.task);
    imageAnalysis.grantDescribeExecutions(this.task);
    imageAnalysis.grantOperateExecutions(this.task);
    imageAnalysis.grantSendTaskSuccess(this.task);
  }
}

import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import type { ImageBucket } from './image-bucket.ts';
import type { Records } from './records.ts';
import { executionArns, executionsInFindings, stateMachineArn } from './state-machine.ts';
import { TaskFunction, type TaskFunctionProps, type Workshop } from './task-function.ts';
import type { Topics } from './topics.ts';

export interface PipelineFunctionsProps {
  readonly workshop: Workshop;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly topics: Topics;
  /** The name of the state machine that will call them. */
  readonly stateMachineName: string;
  /** Where status events go that record-failure could not handle. */
  readonly deadLetterQueue: IQueue;
}

type Options = Pick<TaskFunctionProps, 'memoryMb' | 'deadLetterQueue'>;

/** The functions of the pipeline: each with its settings and with exactly what it needs of bucket, tables and topics. */
export class PipelineFunctions extends Construct {
  /** Those that the state machine calls. */
  readonly tasks: ReadonlyMap<FunctionName, TaskFunction>;
  /** Called by the status event of a failed execution. */
  readonly recordFailure: TaskFunction;
  private readonly props: PipelineFunctionsProps;

  constructor(scope: Construct, id: string, props: PipelineFunctionsProps) {
    super(scope, id);
    this.props = props;
    this.tasks = new Map<FunctionName, TaskFunction>([
      ['inspect-image', this.inspectImage()],
      ['record-rejection', this.recordRejection()],
      ['detect-labels', this.analysis('detect-labels', 'Names what is in the picture', 'DetectLabels')],
      ['analyze-faces', this.analysis('analyze-faces', 'Describes the faces', 'DetectFaces')],
      ['detect-text', this.analysis('detect-text', 'Reads the text', 'DetectText')],
      ['moderate-image', this.analysis('moderate-image', 'Judges the picture by the moderation policy', 'DetectModerationLabels')],
      ['send-alert', this.sendAlert()],
      ['request-review', this.requestReview()],
      ['store-record', this.storeRecord()],
    ]);
    this.recordFailure = this.failureRecorder();
  }

  private inspectImage(): TaskFunction {
    const { images, records } = this.props;
    const task = this.task('inspect-image', 'Checks an upload, claims its record and makes the upright copy and the thumbnail', {
      memoryMb: 1024, // decoded pixels
    });
    images.grantObjects(task, 'raw-uploads/', 's3:GetObject', 's3:GetObjectVersion');
    images.grantMissing(task, 'raw-uploads/');
    images.grantListVersions(task, 'raw-uploads/');
    images.grantObjects(task, 'processed/', 's3:PutObject');
    // The original of a rejected image that is looked at anew: read where the upload is gone, removed where the image is accepted.
    images.grantObjects(task, 'archived/', 's3:GetObject', 's3:DeleteObject');
    images.grantMissing(task, 'archived/');
    records.grantRecords(task);
    return task;
  }

  private recordRejection(): TaskFunction {
    const { images, records } = this.props;
    const task = this.task('record-rejection', 'Records why an upload was rejected, and sets it aside');
    images.grantObjects(
      task,
      'raw-uploads/',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:GetObjectTagging',
      's3:GetObjectVersionTagging',
      's3:PutObjectTagging',
      's3:PutObjectVersionTagging',
    );
    images.grantMissing(task, 'raw-uploads/');
    images.grantListVersions(task, 'raw-uploads/');
    images.grantObjects(task, 'archived/', 's3:PutObject', 's3:PutObjectTagging');
    records.grantRecords(task);
    return task;
  }

  private sendAlert(): TaskFunction {
    const task = this.task('send-alert', 'Tells of what was seen in a picture, once');
    this.grantAnswers(task);
    this.props.topics.grantPublishAlerts(task);
    return task;
  }

  private requestReview(): TaskFunction {
    const task = this.task('request-review', 'Puts a picture before the reviewers');
    this.props.records.grantRecords(task);
    task.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['states:SendTaskSuccess'], resources: [stateMachineArn(this, this.props.stateMachineName)] }),
    );
    return task;
  }

  private storeRecord(): TaskFunction {
    const { images, records } = this.props;
    const task = this.task('store-record', 'Writes the record and its label rows, in one transaction');
    images.grantObjects(task, 'processed/', 's3:GetObject', 's3:DeleteObject');
    images.grantMissing(task, 'processed/');
    images.grantObjects(task, 'archived/', 's3:PutObject');
    images.grantObjects(
      task,
      'raw-uploads/',
      's3:GetObjectTagging',
      's3:GetObjectVersionTagging',
      's3:PutObjectTagging',
      's3:PutObjectVersionTagging',
    );
    images.grantMissing(task, 'raw-uploads/');
    images.grantListVersions(task, 'raw-uploads/');
    records.grantRecords(task);
    records.grantLabelRows(task);
    return task;
  }

  private failureRecorder(): TaskFunction {
    const { deadLetterQueue, images, records, stateMachineName } = this.props;
    const task = this.task('record-failure', "Writes a failed execution's first cause into the record", { deadLetterQueue });
    images.grantObjects(task, 'raw-uploads/', 's3:GetObject', 's3:GetObjectVersion');
    images.grantMissing(task, 'raw-uploads/');
    images.grantListVersions(task, 'raw-uploads/');
    records.grantRecords(task);
    task.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['states:GetExecutionHistory'], resources: [executionArns(this, stateMachineName)] }),
    );
    acknowledgeWildcard(task, executionsInFindings(stateMachineName), 'EventBridge names executions at random; the statement reads histories of this one machine only.');
    return task;
  }

  /** A function around one Rekognition call: it reads the copy by reference, and keeps the answer. */
  private analysis(name: FunctionName, description: string, call: string): TaskFunction {
    const task = this.task(name, description);
    // Rekognition's detect calls have no resources; TaskFunction acknowledges "*" once for the role.
    task.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [`rekognition:${call}`], resources: ['*'] }));
    this.props.images.grantObjects(task, 'processed/', 's3:GetObject');
    this.grantAnswers(task);
    return task;
  }

  private grantAnswers(task: TaskFunction): void {
    this.props.images.grantObjects(task, 'results/', 's3:GetObject', 's3:PutObject');
    this.props.images.grantMissing(task, 'results/');
  }

  private task(name: FunctionName, description: string, options: Options = {}): TaskFunction {
    return new TaskFunction(this, `${pascalCase(name)}Function`, { workshop: this.props.workshop, name, description, ...options });
  }
}

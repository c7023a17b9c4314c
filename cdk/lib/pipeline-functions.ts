import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FunctionName } from './function-names.ts';
import { acknowledgeWildcard } from './iam.ts';
import type { ImageBucket } from './image-bucket.ts';
import type { Topics } from './messaging.ts';
import { executionArns, executionsInFindings, stateMachineArn } from './state-machine.ts';
import type { Records } from './tables.ts';
import { TaskFunction, type FunctionDefaults, type TaskFunctionProps } from './task-function.ts';

export interface PipelineFunctionsProps {
  readonly defaults: FunctionDefaults;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly topics: Topics;
  /** Name of the state machine that calls the functions. */
  readonly stateMachineName: string;
  /** Receives status events that record-failure could not process. */
  readonly deadLetterQueue: IQueue;
}

type Options = Pick<TaskFunctionProps, 'memoryMb' | 'deadLetterQueue'>;

/** The functions of the pipeline, each with its settings and exactly the permissions that it needs. */
export class PipelineFunctions extends Construct {
  /** The functions that the state machine calls. */
  readonly tasks: ReadonlyMap<FunctionName, TaskFunction>;
  /** Invoked by the status event of a failed execution. */
  readonly recordFailure: TaskFunction;
  private readonly props: PipelineFunctionsProps;

  constructor(scope: Construct, id: string, props: PipelineFunctionsProps) {
    super(scope, id);
    this.props = props;
    this.tasks = new Map<FunctionName, TaskFunction>([
      ['inspect-image', this.inspectImage()],
      ['record-rejection', this.recordRejection()],
      ['detect-labels', this.analysis('detect-labels', 'Detects the labels of an image', 'DetectLabels')],
      ['analyze-faces', this.analysis('analyze-faces', 'Analyses the faces of an image', 'DetectFaces')],
      ['detect-text', this.analysis('detect-text', 'Detects the text of an image', 'DetectText')],
      ['moderate-image', this.analysis('moderate-image', 'Applies the moderation policy to an image', 'DetectModerationLabels')],
      ['send-alert', this.sendAlert()],
      ['request-review', this.requestReview()],
      ['store-record', this.storeRecord()],
    ]);
    this.recordFailure = this.failureFunction();
  }

  private inspectImage(): TaskFunction {
    const { images, records } = this.props;
    const task = this.task('inspect-image', 'Checks an upload, claims its record, and creates the normalised copy and the thumbnail', {
      memoryMb: 1024, // decoded pixels
    });
    images.grantReadUploads(task);
    images.grantObjects(task, 'processed/', 's3:PutObject');
    // The archived original of a rejected image that is inspected again: read if the upload is gone, deleted if the image is accepted.
    images.grantObjects(task, 'archived/', 's3:GetObject', 's3:DeleteObject');
    images.grantListObjects(task, 'archived/');
    records.grantRecords(task);
    return task;
  }

  private recordRejection(): TaskFunction {
    const { images, records } = this.props;
    const task = this.task('record-rejection', 'Records why an upload was rejected, and archives it');
    images.grantReadUploads(task);
    images.grantTagUploads(task);
    images.grantObjects(task, 'archived/', 's3:PutObject', 's3:PutObjectTagging');
    records.grantRecords(task);
    return task;
  }

  private sendAlert(): TaskFunction {
    const task = this.task('send-alert', 'Sends one alert about the content of an image');
    this.grantAnswers(task);
    this.props.topics.grantPublishAlerts(task);
    return task;
  }

  private requestReview(): TaskFunction {
    const task = this.task('request-review', 'Requests a review of an image');
    this.props.records.grantRecords(task);
    task.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['states:SendTaskSuccess'], resources: [stateMachineArn(this, this.props.stateMachineName)] }),
    );
    return task;
  }

  private storeRecord(): TaskFunction {
    const { images, records } = this.props;
    const task = this.task('store-record', 'Writes the record and its label rows in one transaction');
    images.grantObjects(task, 'processed/', 's3:GetObject', 's3:DeleteObject');
    images.grantListObjects(task, 'processed/');
    images.grantObjects(task, 'archived/', 's3:PutObject');
    images.grantTagUploads(task);
    images.grantFindUploads(task);
    records.grantRecords(task);
    records.grantLabelRows(task);
    return task;
  }

  private failureFunction(): TaskFunction {
    const { deadLetterQueue, images, records, stateMachineName } = this.props;
    const task = this.task('record-failure', 'Writes the cause of a failed execution to the record', { deadLetterQueue });
    images.grantReadUploads(task);
    records.grantRecords(task);
    task.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['states:GetExecutionHistory'], resources: [executionArns(this, stateMachineName)] }),
    );
    acknowledgeWildcard(task, executionsInFindings(stateMachineName), 'EventBridge gives executions random names; the statement allows only histories of this one machine.');
    return task;
  }

  /** A function for one Rekognition call: Rekognition reads the normalised copy from S3, and the function stores the answer. */
  private analysis(name: FunctionName, description: string, call: string): TaskFunction {
    const task = this.task(name, description);
    // Rekognition's detect actions have no resources; TaskFunction acknowledges "*" once for the role.
    task.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [`rekognition:${call}`], resources: ['*'] }));
    this.props.images.grantObjects(task, 'processed/', 's3:GetObject');
    this.grantAnswers(task);
    return task;
  }

  private grantAnswers(task: TaskFunction): void {
    this.props.images.grantObjects(task, 'results/', 's3:GetObject', 's3:PutObject');
    this.props.images.grantListObjects(task, 'results/');
  }

  private task(name: FunctionName, description: string, options: Options = {}): TaskFunction {
    return new TaskFunction(this, { defaults: this.props.defaults, name, description, ...options });
  }
}

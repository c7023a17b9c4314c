import { Arn, ArnFormat, Stack } from 'aws-cdk-lib';
import { Grant, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { grantKey } from './data-key.ts';
import type { Environment } from './environment.ts';
import { acknowledgeWildcard } from './iam.ts';
import type { ImageAnalysis } from './image-analysis.ts';
import type { ImageBucket } from './image-bucket.ts';
import { importBucket, type ImportBucket } from './settings.ts';
import { Definition, executionArns, executionsInFindings, machineRole, makeMachine, stateMachineArn } from './state-machine.ts';
import type { Records } from './tables.ts';
import { TaskFunction, type FunctionDefaults } from './task-function.ts';

export interface BulkImportProps {
  readonly environment: Environment;
  readonly defaults: FunctionDefaults;
  /** The machine's name, unique in account and region. */
  readonly stateMachineName: string;
  /** Path of the ASL file: one distributed Map, with the placeholder `${ImportImageFunctionArn}`. */
  readonly definitionFile: string;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly imageAnalysis: ImageAnalysis;
}

/** Analyses images that are already in a bucket, a limited number at a time. */
export class BulkImport extends Construct {
  readonly task: TaskFunction;
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: BulkImportProps) {
    super(scope, id);
    const { settings } = props.defaults;
    this.task = this.importImage(props);
    this.stateMachine = makeMachine(this, {
      environment: props.environment,
      stateMachineName: props.stateMachineName,
      comment: 'sightline: analyses images that are already in a bucket',
      definition: Definition.read(props.definitionFile).withType('Map', {
        MaxConcurrency: settings.importConcurrency,
        ToleratedFailurePercentage: settings.importToleratedFailurePercent,
      }),
      substitutions: { ImportImageFunctionArn: this.task.version.functionArn },
      role: this.role(props),
      logRetentionDays: settings.logRetentionDays,
    });
  }

  private importImage({ defaults, images, records, imageAnalysis }: BulkImportProps): TaskFunction {
    const task = new TaskFunction(this, {
      defaults,
      name: 'import-image',
      description: 'Copies one image to raw-uploads/, or starts its analysis if it is already there',
    });
    images.setBucketVariable(task);
    images.grantReadUploads(task);
    images.grantObjects(task, 'raw-uploads/', 's3:PutObject');
    records.grantFind(task);
    imageAnalysis.grantStart(task);
    for (const bucket of defaults.settings.importBuckets) grantSource(task, importBucket(bucket));
    return task;
  }

  private role({ images, stateMachineName }: BulkImportProps): Role {
    const role = machineRole(this);
    this.task.grantInvokeVersions(role);
    images.grantMapFiles(role, 'operations/imports/');
    this.grantMap(role, stateMachineName);
    return role;
  }

  /** A distributed Map starts child executions of its own machine, and a redrive of the parent redrives them. */
  private grantMap(grantee: Role, name: string): void {
    const children = `${name}/*`;
    Grant.addToPrincipal({ grantee, actions: ['states:StartExecution'], resourceArns: [stateMachineArn(this, name)] });
    Grant.addToPrincipal({ grantee, actions: ['states:DescribeExecution', 'states:StopExecution'], resourceArns: [executionArns(this, name)] });
    Grant.addToPrincipal({ grantee, actions: ['states:RedriveExecution'], resourceArns: [executionArns(this, children)] });
    const reason = 'Step Functions names the child executions of a distributed Map; the statement allows only those of this one machine.';
    acknowledgeWildcard(grantee, executionsInFindings(name), reason);
    acknowledgeWildcard(grantee, executionsInFindings(children), reason);
  }
}

/** Lets the function read a bucket that images are imported from. If another account owns the bucket, its bucket policy and key policy must also allow it. */
function grantSource(grantee: TaskFunction, { name, kmsKeyArn }: ImportBucket): void {
  const arn = Stack.of(grantee).formatArn({ service: 's3', region: '', account: '', resource: name, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  Grant.addToPrincipal({ grantee, actions: ['s3:GetObject', 's3:GetObjectVersion'], resourceArns: [`${arn}/*`] });
  // To tell an absent object from a denied one, by listing its key.
  const conditions = { StringLike: { 's3:prefix': '?*' } };
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [arn], conditions }));
  if (kmsKeyArn !== undefined) grantKey(grantee, kmsKeyArn, Arn.split(kmsKeyArn, ArnFormat.SLASH_RESOURCE_NAME).region ?? '', 'readObjects');
  acknowledgeWildcard(grantee, `arn:<AWS::Partition>:s3:::${name}/*`, 'Whoever starts an import selects the images; the settings name this bucket.');
}

import { Arn, ArnFormat, Stack } from 'aws-cdk-lib';
import { Grant, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { grantKey } from './data-key.ts';
import { Definition } from './definition.ts';
import { pascalCase } from './function-names.ts';
import type { ImageAnalysis } from './image-analysis.ts';
import type { ImageBucket } from './image-bucket.ts';
import type { Records } from './records.ts';
import { importBucket, type ImportBucket } from './settings.ts';
import { executionArns, executionsInFindings, machineRole, makeMachine, stateMachineArn } from './state-machine.ts';
import { TaskFunction, type Workshop } from './task-function.ts';

export interface BulkImportProps {
  readonly workshop: Workshop;
  /** The machine's name, unique in account and region. */
  readonly stateMachineName: string;
  /** Path of the ASL file: one distributed Map, with the placeholder `${ImportImageFunctionArn}`. */
  readonly definitionFile: string;
  readonly images: ImageBucket;
  readonly records: Records;
  readonly imageAnalysis: ImageAnalysis;
}

/** Brings images that already lie in a bucket through the same analysis, a bounded number at a time. */
export class BulkImport extends Construct {
  readonly task: TaskFunction;
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: BulkImportProps) {
    super(scope, id);
    const { settings } = props.workshop;
    this.task = this.importImage(props);
    this.stateMachine = makeMachine(this, {
      stateMachineName: props.stateMachineName,
      comment: 'sightline: images that already lie in a bucket',
      definition: Definition.read(props.definitionFile).withType('Map', {
        MaxConcurrency: settings.importConcurrency,
        ToleratedFailurePercentage: settings.importToleratedFailurePercent,
      }),
      substitutions: { ImportImageFunctionArn: this.task.version.functionArn },
      role: this.role(props),
      logRetentionDays: settings.logRetentionDays,
    });
  }

  private importImage({ workshop, images, records, imageAnalysis }: BulkImportProps): TaskFunction {
    const name = 'import-image';
    const description = 'Brings one image to raw-uploads/, or starts its analysis where it lies there';
    const task = new TaskFunction(this, `${pascalCase(name)}Function`, { workshop, name, description });
    images.tell(task);
    images.grantObjects(task, 'raw-uploads/', 's3:GetObject', 's3:GetObjectVersion', 's3:PutObject');
    images.grantMissing(task, 'raw-uploads/');
    images.grantListVersions(task, 'raw-uploads/');
    records.grantFind(task);
    imageAnalysis.grantStart(task);
    for (const bucket of workshop.settings.importBuckets) grantSource(task, importBucket(bucket));
    return task;
  }

  private role({ images, stateMachineName }: BulkImportProps): Role {
    const role = machineRole(this);
    this.task.grantInvokeVersions(role);
    images.grantMapFiles(role, 'operations/imports/');
    this.grantMap(role, stateMachineName);
    return role;
  }

  /** A distributed Map starts its parts as executions of its own machine, and a redrive of the whole redrives them. */
  private grantMap(grantee: Role, name: string): void {
    const parts = `${name}/*`;
    Grant.addToPrincipal({ grantee, actions: ['states:StartExecution'], resourceArns: [stateMachineArn(this, name)] });
    Grant.addToPrincipal({ grantee, actions: ['states:DescribeExecution', 'states:StopExecution'], resourceArns: [executionArns(this, name)] });
    Grant.addToPrincipal({ grantee, actions: ['states:RedriveExecution'], resourceArns: [executionArns(this, parts)] });
    const reason = 'Step Functions names the parts of a distributed Map; the statement is about those of this one machine.';
    acknowledgeWildcard(grantee, executionsInFindings(name), reason);
    acknowledgeWildcard(grantee, executionsInFindings(parts), reason);
  }
}

/** Lets the function read a bucket that images are imported from. If another account owns it, its bucket policy and its key policy must allow that, too. */
function grantSource(grantee: TaskFunction, { name, kmsKeyArn }: ImportBucket): void {
  const arn = Stack.of(grantee).formatArn({ service: 's3', region: '', account: '', resource: name, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  Grant.addToPrincipal({ grantee, actions: ['s3:GetObject', 's3:GetObjectVersion'], resourceArns: [`${arn}/*`] });
  // To tell an absent object from one that may not be read, by a listing of its key.
  const conditions = { StringLike: { 's3:prefix': '?*' } };
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [arn], conditions }));
  if (kmsKeyArn !== undefined) grantKey(grantee, kmsKeyArn, Arn.split(kmsKeyArn, ArnFormat.SLASH_RESOURCE_NAME).region ?? '', 'readObjects');
  acknowledgeWildcard(grantee, `arn:<AWS::Partition>:s3:::${name}/*`, 'Whoever starts an import names the images; the settings name this bucket for it.');
}

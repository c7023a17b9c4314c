import { AttributeType, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import type { Environment } from './environment.ts';
import { grantItems, tableProps } from './tables.ts';
import type { TaskFunction } from './task-function.ts';

export interface RecordsProps {
  readonly environment: Environment;
  readonly dataKey: DataKey;
}

const WORK_QUEUE = 'WorkQueueIndex';

/** The two tables: one record per image (the design's ImageMetadataStore), and one row per label and image. */
export class Records extends Construct {
  readonly records: Table;
  readonly labelIndex: Table;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: RecordsProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    const common = tableProps(props.environment, props.dataKey);
    const uploaded = { name: 'UploadTimestamp', type: AttributeType.NUMBER };
    this.records = new Table(this, 'Records', {
      ...common,
      partitionKey: { name: 'ImageID', type: AttributeType.STRING },
      sortKey: uploaded,
      // The keys only: who reads the stream reads the record as it is then, and a stream holds no faces and no found text.
      stream: StreamViewType.KEYS_ONLY,
    });
    // The newest of an owner.
    this.records.addGlobalSecondaryIndex({
      indexName: 'OwnerIndex',
      partitionKey: { name: 'OwnerID', type: AttributeType.STRING },
      sortKey: uploaded,
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['ProcessingStatus', 'ReviewStatus', 'DetectionSummary', 'ThumbnailKey', 'S3_URL'],
    });
    // What waits, is under review or failed, oldest first. WorkQueue is absent once a record is COMPLETED: the index holds open work only.
    this.records.addGlobalSecondaryIndex({
      indexName: WORK_QUEUE,
      partitionKey: { name: 'WorkQueue', type: AttributeType.STRING },
      sortKey: uploaded,
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['ExecutionArn', 'OwnerID', 'ProcessingStatus', 'ReviewStatus', 'StatusReason', 'DetectionSummary'],
    });
    this.labelIndex = new Table(this, 'LabelIndex', {
      ...common,
      partitionKey: { name: 'OwnerLabelMonth', type: AttributeType.STRING },
      sortKey: { name: 'TimeImageID', type: AttributeType.STRING },
    });
  }

  /** Lets the function find a record, and tells it the table. */
  grantFind(grantee: TaskFunction): void {
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:Query');
    grantee.fn.addEnvironment('RECORDS_TABLE', this.records.tableName);
  }

  /** Lets the function find a record and change it, and tells it the table. */
  grantRecords(grantee: TaskFunction): void {
    this.grantFind(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:UpdateItem');
  }

  /** Lets the function find a record, and make a transaction elsewhere depend on it. */
  grantCondition(grantee: TaskFunction): void {
    this.grantFind(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:ConditionCheckItem');
  }

  /** Lets the function go through the open work, and read since when reviews are open. */
  grantOpenWork(grantee: TaskFunction): void {
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:BatchGetItem');
    Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns: [`${this.records.tableArn}/index/${WORK_QUEUE}`] });
  }

  /** What tells of every change of a record, by its key. */
  get streamArn(): string {
    if (this.records.tableStreamArn === undefined) throw new TypeError('the records have no stream');
    return this.records.tableStreamArn;
  }

  /** Lets Lambda read the stream in the function's name. */
  grantStream(grantee: TaskFunction): void {
    const actions = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'];
    Grant.addToPrincipal({ grantee, actions, resourceArns: [this.streamArn] });
    // It tells names of streams only. Lambda asks for it, and neither the CDK nor AWS's own policy for the purpose names a resource.
    Grant.addToPrincipal({ grantee, actions: ['dynamodb:ListStreams'], resourceArns: ['*'] });
  }

  /** Lets the function write label rows, and tells it the table. */
  grantLabelRows(grantee: TaskFunction): void {
    grantItems(grantee, this.labelIndex, this.dataKey, 'dynamodb:PutItem');
    grantee.fn.addEnvironment('LABEL_INDEX_TABLE', this.labelIndex.tableName);
  }
}

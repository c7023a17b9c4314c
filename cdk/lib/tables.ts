import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table, TableEncryption, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { DataKey } from './data-key.ts';
import { removalPolicyOf, type Environment } from './environment.ts';
import type { TaskFunction } from './task-function.ts';

/** The properties of every table: on-demand, encrypted with our key, with point-in-time recovery, TTL and deletion protection. */
function tableProps(environment: Environment, dataKey: DataKey): Omit<TableProps, 'partitionKey'> {
  return {
    billingMode: BillingMode.PAY_PER_REQUEST,
    deletionProtection: environment.isDataRetained,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: dataKey.key,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: removalPolicyOf(environment),
    timeToLiveAttribute: 'ExpiresAt',
  };
}

/** What a function does with the label rows. */
type LabelRowUse = 'read' | 'edit';

/** Grants actions on the items of a table. Not Table.grant: that would add all indexes. */
function grantItems(grantee: TaskFunction, table: Table, dataKey: DataKey, ...actions: `dynamodb:${string}`[]): void {
  Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn] });
  dataKey.grant(grantee, 'items');
}

export interface TableOwnerProps {
  readonly environment: Environment;
  readonly dataKey: DataKey;
}

const WORK_QUEUE = 'WorkQueueIndex';
const GALLERY = 'GalleryIndex';
const CONTENT = 'ContentIndex';

/** A projection cannot be changed in place, and an index may project at most 20 attributes. */
const GALLERY_ATTRIBUTES = [
  'ImageName',
  'Title',
  'ProcessingStatus',
  'StatusReason',
  'ReviewStatus',
  'ModerationVerdict',
  'Width',
  'Height',
  'Thumbhash',
  'DetectionSummary',
  'OwnLabels',
  'FaceCount',
  'TextLineCount',
  'Latitude',
  'Longitude',
  'ThumbnailKey',
  'LargeThumbnailKey',
] as const;

/** Two tables: one record per image, and one row per label and image. */
export class Records extends Construct {
  readonly records: Table;
  readonly labelIndex: Table;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: TableOwnerProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    const common = tableProps(props.environment, props.dataKey);
    const uploaded = { name: 'UploadTimestamp', type: AttributeType.NUMBER };
    this.records = new Table(this, 'Records', {
      ...common,
      partitionKey: { name: 'ImageID', type: AttributeType.STRING },
      sortKey: uploaded,
      // Keys only, so that the stream contains no faces and no detected text; its readers fetch the current record.
      stream: StreamViewType.KEYS_ONLY,
    });
    const owner = { name: 'OwnerID', type: AttributeType.STRING };
    // Lists the newest images of an owner, with everything that a grid of photos shows: one query per page.
    this.records.addGlobalSecondaryIndex({
      indexName: GALLERY,
      partitionKey: owner,
      sortKey: uploaded,
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [...GALLERY_ATTRIBUTES],
    });
    // Finds an image of the same content before it is uploaded again.
    this.records.addGlobalSecondaryIndex({
      indexName: CONTENT,
      partitionKey: owner,
      sortKey: { name: 'ContentSha256', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['ProcessingStatus'],
    });
    // Lists open work, oldest first: records that are pending, under review or failed. COMPLETED records have no WorkQueue, so they are not in the index.
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

  /** Lets the function find a record, and sets the variable RECORDS_TABLE. */
  grantFind(grantee: TaskFunction): void {
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:Query');
    grantee.fn.addEnvironment('RECORDS_TABLE', this.records.tableName);
  }

  /** Lets the function find and update a record. */
  grantRecords(grantee: TaskFunction): void {
    this.grantFind(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:UpdateItem');
  }

  /** Lets the function find a record, and check it as a condition of a transaction on another table. */
  grantCondition(grantee: TaskFunction): void {
    this.grantFind(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:ConditionCheckItem');
  }

  /** Lets the function list the open work, and read when its reviews were opened. */
  grantOpenWork(grantee: TaskFunction): void {
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:BatchGetItem');
    this.grantIndex(grantee, WORK_QUEUE);
  }

  /** Lets the function list the images of an owner, find one by its content, and read and search records. */
  grantGallery(grantee: TaskFunction): void {
    this.grantFind(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:BatchGetItem');
    this.grantIndex(grantee, GALLERY);
    this.grantIndex(grantee, CONTENT);
    this.grantLabelIndex(grantee, 'read');
  }

  /** Lets the function find a record, and edit it together with its label rows in one transaction. */
  grantEdit(grantee: TaskFunction): void {
    this.grantRecords(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:ConditionCheckItem');
    this.grantLabelIndex(grantee, 'edit');
  }

  /** Lets the function list the open reviews, claim one, and save a decision. */
  grantReviews(grantee: TaskFunction): void {
    this.grantRecords(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:GetItem');
    this.grantOpenWork(grantee);
  }

  /** Lets the function replace a record by a tombstone, and delete its label rows. */
  grantErase(grantee: TaskFunction): void {
    this.grantRecords(grantee);
    grantItems(grantee, this.records, this.dataKey, 'dynamodb:PutItem');
    grantItems(grantee, this.labelIndex, this.dataKey, 'dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem');
    grantee.fn.addEnvironment('LABEL_INDEX_TABLE', this.labelIndex.tableName);
  }

  /** The stream that reports the key of every changed record. */
  get streamArn(): string {
    if (this.records.tableStreamArn === undefined) throw new TypeError('the records have no stream');
    return this.records.tableStreamArn;
  }

  /** Lets Lambda read the stream with the function's role. */
  grantStream(grantee: TaskFunction): void {
    const actions = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'];
    Grant.addToPrincipal({ grantee, actions, resourceArns: [this.streamArn] });
    // It returns only names of streams. Lambda requires it, and neither the CDK nor AWS's own policy names a resource.
    Grant.addToPrincipal({ grantee, actions: ['dynamodb:ListStreams'], resourceArns: ['*'] });
  }

  /** Lets the function write label rows, and sets the variable LABEL_INDEX_TABLE. */
  grantLabelRows(grantee: TaskFunction): void {
    grantItems(grantee, this.labelIndex, this.dataKey, 'dynamodb:PutItem');
    grantee.fn.addEnvironment('LABEL_INDEX_TABLE', this.labelIndex.tableName);
  }

  private grantLabelIndex(grantee: TaskFunction, use: LabelRowUse): void {
    const actions = use === 'read' ? (['dynamodb:Query'] as const) : (['dynamodb:PutItem', 'dynamodb:DeleteItem'] as const);
    grantItems(grantee, this.labelIndex, this.dataKey, ...actions);
    grantee.fn.addEnvironment('LABEL_INDEX_TABLE', this.labelIndex.tableName);
  }

  private grantIndex(grantee: TaskFunction, index: string): void {
    Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns: [`${this.records.tableArn}/index/${index}`] });
  }
}

/** The table of counters: labels by week, outcomes by day, and what each image was counted as. */
export class TrendCounters extends Construct {
  readonly table: Table;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: TableOwnerProps) {
    super(scope, id);
    this.dataKey = props.dataKey;
    this.table = new Table(this, 'Table', {
      ...tableProps(props.environment, props.dataKey),
      partitionKey: { name: 'Counter', type: AttributeType.STRING },
      sortKey: { name: 'Name', type: AttributeType.STRING },
    });
  }

  /** Lets the function count in transactions. */
  grantCount(grantee: TaskFunction): void {
    this.grant(grantee, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
  }

  /** Lets the function read counters. */
  grantRead(grantee: TaskFunction): void {
    this.grant(grantee, 'dynamodb:Query');
  }

  private grant(grantee: TaskFunction, ...actions: `dynamodb:${string}`[]): void {
    grantItems(grantee, this.table, this.dataKey, ...actions);
    grantee.fn.addEnvironment('TRENDS_TABLE', this.table.tableName);
  }
}

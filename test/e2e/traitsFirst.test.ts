import { describeShare } from "../traits/share";

describeShare(1);

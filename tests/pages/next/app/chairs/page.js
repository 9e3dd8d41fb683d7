import { View } from "../view";

export default () => <View title="Chairs" place={false} />;

/** The file of the log's folder that is written. */
export const activeName = "app.log";

const Select = (props: { name: string; from: string[]; onDelete(value: string): void }) => (
  <select name={props.name}>
    {props.from.map((value) => (
      <option onClick={() => props.onDelete(value)}>{value}</option>
    ))}
  </select>
);

// 225. trap: a component
export function Columns({ users }: { users: { email: string; fullName: string }[] }) {
  const select = (name: string) => ({ from: (list: unknown[]) => `${name}${list.length}` });
  return (
    <form title={select("email").from(users)}>
      <label>full_name</label>
      <Select name="full_name" from={users.map((user) => user.fullName)} onDelete={() => {}} />
      <p>select email from users</p>
    </form>
  );
}
